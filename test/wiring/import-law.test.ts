// The import law is only worth something if it bites: each rule of .dependency-cruiser.cjs catches a violation planted for it, and the
// real tree has none.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { checkoutRoot, nodeBinary, temporaryDirectory } from '@auditlane/testing';

const report = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

interface Violation {
  readonly rule: string;
  readonly from: string;
}

async function cruise(directory: string, folders: readonly string[]): Promise<readonly Violation[]> {
  const args = ['node_modules/.bin/depcruise', '--config', '.dependency-cruiser.cjs'];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      nodeBinary(),
      [...args, '--output-type', 'json', ...folders],
      { cwd: directory, maxBuffer: 256 * 1024 * 1024 },
      // It ends with the number of violations as its code; only one that said nothing has failed.
      (error, stdout, stderr) => (stdout === '' ? reject(new Error(`${error?.message}\n${stderr}`)) : resolve(stdout)),
    );
  });
  return report.parse(JSON.parse(output)).summary.violations.map(({ rule, from }) => ({ rule: rule.name, from }));
}

/** A small tree in which every import is lawful; the real rules, compiler options and packages judge it. */
const lawful = {
  'libs/contracts/src/index.ts': "export * from './event';",
  'libs/contracts/src/event.ts': 'export const event = 1;',
  'libs/kafka/src/index.ts': "import { Kafka } from 'kafkajs';\nexport const kafka = new Kafka({ brokers: [] });",
  'libs/storage/src/index.ts': "export { days } from './domain/days';",
  'libs/storage/src/domain/days.ts': 'export const days = 30;',
  'libs/egress/src/index.ts': "export { request } from 'undici';",
  'libs/destinations/src/index.ts': "import { event } from '@auditlane/contracts';\nexport const encode = () => event;",
  'libs/search/src/index.ts': 'export const parse = 1;',
  'libs/testing/src/index.ts': "export * from 'kafkajs';",
  'services/ingestion/src/main.ts':
    "import { kafka } from '@auditlane/kafka';\nimport { decode } from './domain/decode';\nvoid [kafka, decode];",
  'services/ingestion/src/domain/decode.ts':
    "import { event } from '@auditlane/contracts';\nexport const decode = () => event;",
  'services/ingestion/src/main.spec.ts': "import '@auditlane/testing';\nimport './main';",
  'services/query/src/main.ts': "import { days } from '@auditlane/storage';\nvoid days;",
  'services/query/src/guard.ts':
    "import type { IncomingMessage } from 'node:http';\nexport type Asked = IncomingMessage;",
  'services/query/test/query-service.ts': "import '@auditlane/testing';\nimport 'node:http';",
  'libs/observability/src/ops-server.ts': "import 'node:http';",
  'test/helper.ts': 'export const helper = 1;',
} as const;

const planted: readonly { rule: string; file: string; code: string; beside?: Readonly<Record<string, string>> }[] = [
  {
    rule: 'no-circular',
    file: 'libs/kafka/src/a.ts',
    code: "import './b';\nexport {};",
    beside: { 'libs/kafka/src/b.ts': "import './a';\nexport {};" },
  },
  {
    rule: 'libs-never-import-services',
    file: 'libs/storage/src/up.ts',
    code: "import '../../../services/query/src/main';",
  },
  {
    rule: 'services-are-islands',
    file: 'services/query/src/peek.ts',
    code: "import '../../ingestion/src/domain/decode';",
  },
  {
    rule: 'libs-by-front-door',
    file: 'services/query/src/back-door.ts',
    code: "import '../../../libs/storage/src/domain/days';",
  },
  { rule: 'libs-by-front-door', file: 'libs/kafka/src/back-door.ts', code: "import '../../contracts/src/event';" },
  { rule: 'contracts-is-the-bottom', file: 'libs/contracts/src/lifts.ts', code: "import '@auditlane/storage';" },
  { rule: 'pure-stays-pure', file: 'libs/destinations/src/calls.ts', code: "import 'node:https';" },
  { rule: 'pure-stays-pure', file: 'libs/destinations/src/sends.ts', code: "import '@auditlane/egress';" },
  { rule: 'pure-stays-pure', file: 'libs/search/src/runs.ts', code: "import 'pg';" },
  { rule: 'search-knows-contracts-only', file: 'libs/search/src/sends.ts', code: "import '@auditlane/destinations';" },
  { rule: 'pure-stays-pure', file: 'services/ingestion/src/domain/reads.ts', code: "import 'node:fs/promises';" },
  { rule: 'pure-stays-pure', file: 'services/ingestion/src/domain/nests.ts', code: "import '@nestjs/common';" },
  { rule: 'one-home-for-kafkajs', file: 'services/ingestion/src/relay.ts', code: "import 'kafkajs';" },
  { rule: 'one-home-for-kafkajs', file: 'libs/storage/src/relay.ts', code: "import 'kafkajs';" },
  { rule: 'one-outbound-http-client', file: 'services/query/src/calls.ts', code: "import 'undici';" },
  { rule: 'one-outbound-http-client', file: 'services/query/src/calls-too.ts', code: "import 'node:https';" },
  { rule: 'one-outbound-http-client', file: 'libs/storage/src/elastic.ts', code: "import '@elastic/elasticsearch';" },
  {
    rule: 'forwarders-load-no-elasticsearch-client',
    file: 'libs/egress/src/front.ts',
    code: "export * from './elasticsearch-connection';",
    beside: { 'libs/egress/src/elasticsearch-connection.ts': "import '@elastic/elasticsearch';\nexport {};" },
  },
  { rule: 'tests-stay-out', file: 'services/query/src/helped.ts', code: "import '@auditlane/testing';" },
  { rule: 'tests-stay-out', file: 'libs/storage/src/helped.ts', code: "import '../../../test/helper';" },
  { rule: 'tests-stay-out', file: 'services/query/src/aided.ts', code: "import '../test/query-service';" },
  { rule: 'tests-stay-out', file: 'services/ingestion/src/spied.ts', code: "import './main.spec';" },
];

function plant(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [file, code] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), `${code}\n`);
  }
}

describe('the import law', () => {
  const tree = temporaryDirectory('law');
  let found: readonly Violation[] = [];

  beforeAll(async () => {
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
      cpSync(join(checkoutRoot, file), join(tree.path, file));
    symlinkSync(join(checkoutRoot, 'node_modules'), join(tree.path, 'node_modules'));
    plant(tree.path, lawful);
    for (const { file, code, beside } of planted) plant(tree.path, { [file]: code, ...beside });
    found = await cruise(tree.path, ['libs', 'services', 'test']);
  });

  afterAll(() => {
    tree.remove();
  });

  it.each(planted)('catches $file by $rule', ({ rule, file }) => {
    expect(found.filter(({ from }) => from === file).map((violation) => violation.rule)).toContain(rule);
  });

  it('blames none of the lawful files', () => {
    expect(found.filter(({ from }) => from in lawful)).toEqual([]);
  });

  it('has a planted violation for each of its rules', async () => {
    const { forbidden } = z
      .object({ forbidden: z.array(z.object({ name: z.string() })) })
      .parse(await import(join(checkoutRoot, '.dependency-cruiser.cjs')));

    expect(new Set(planted.map(({ rule }) => rule))).toEqual(new Set(forbidden.map(({ name }) => name)));
  });

  it('is kept by the whole tree, as `npm run law` reads it', async () => {
    const scripts = z.object({ scripts: z.object({ law: z.string() }) });
    const { law } = scripts.parse(JSON.parse(readFileSync(join(checkoutRoot, 'package.json'), 'utf8'))).scripts;
    const folders = law.split(' ').slice(3);

    expect(folders).toEqual(expect.arrayContaining(['services', 'libs', 'deploy', 'bench']));
    expect(await cruise(checkoutRoot, folders)).toEqual([]);
  });
});
