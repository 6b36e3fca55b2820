// Holds the shipped index template to the Elastic Common Schema, to the documents that destinations really send, and to a real Elasticsearch.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { EcsFlat } from '@elastic/ecs';
import { z } from 'zod';
import { registry, type Destination } from '@auditlane/destinations';
import { Egress, parseAllowList } from '@auditlane/egress';
import { checkoutRoot, nodeBinary, sharedElasticsearch, Sink, temporaryDirectory } from '@auditlane/testing';
import { writeFileSync } from 'node:fs';
import { templateParts } from '../../deploy/elasticsearch/template';
import { eventsOfEveryAction } from '../support/every-action';
import { asAdmin } from '../support/elasticsearch';

interface Field {
  readonly type: string;
  readonly path: string;
}

const mappingSchema = z.object({
  type: z.string().optional(),
  path: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
});

/** Each leaf of a mapping by its dotted name. */
function fieldsOf(properties: Readonly<Record<string, unknown>>, prefix = ''): Map<string, Field> {
  const found = new Map<string, Field>();
  for (const [name, value] of Object.entries(properties)) {
    const { type, path = '', properties: inner } = mappingSchema.parse(value);
    if (inner) for (const [key, field] of fieldsOf(inner, `${prefix}${name}.`)) found.set(key, field);
    else found.set(prefix + name, { type: type ?? 'object', path });
  }
  return found;
}

/** Each leaf of a document by its dotted name; `stop` names what is one value however it looks. */
function leavesOf(value: unknown, stop: (name: string) => boolean, name = ''): Map<string, unknown> {
  const object = z.record(z.string(), z.unknown()).safeParse(value);
  if (!object.success || Array.isArray(value) || stop(name)) return new Map([[name, value]]);
  return new Map(
    Object.entries(object.data).flatMap(([key, inner]) => [
      ...leavesOf(inner, stop, name === '' ? key : `${name}.${key}`),
    ]),
  );
}

const shipped = templateParts();
const fields = fieldsOf(shipped.mappings.template.mappings.properties);
/** Ours: what ECS has no name for, and the stored event as it is. */
const isOurs = (name: string): boolean => /^(auditlane|audit)\./.test(name);

const run = randomBytes(4).toString('hex');
const tenant = `tenant-${run}`;
const events = eventsOfEveryAction(tenant);

const opened = (url: string, options: object, token = 'a2V5OmtleQ=='): Destination => {
  const result = registry.elasticsearch.open({ id: run, url, options, token });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.destination;
};

const documentsOf = (destination: Destination): readonly unknown[] =>
  destination
    .encode(events)
    .body.toString()
    .split('\n')
    .filter((_, at) => at % 2 === 1)
    .map((text): unknown => JSON.parse(text));

const allowed = z.object({ allowed_values: z.array(z.object({ name: z.string() })) });
const allowedValues = (name: keyof typeof EcsFlat): readonly string[] =>
  allowed.parse(EcsFlat[name]).allowed_values.map(({ name: value }) => value);

const ecsSchema = z.record(
  z.string(),
  z.looseObject({ type: z.string(), index: z.boolean().optional(), doc_values: z.boolean().optional() }),
);
const ecs = ecsSchema.parse(EcsFlat);

describe('the shipped index template', () => {
  it('is for what destinations write to by default, and wins over the built-in one for logs', () => {
    const { target } = z.object({ target: z.string() }).parse(registry.elasticsearch.settings.parse({}));
    const [pattern = ''] = shipped.template.index_patterns;
    expect(target).toMatch(new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
    expect(shipped.template.priority).toBeGreaterThan(100);
    expect(Number.parseInt(shipped.settings.template.lifecycle.data_retention, 10)).toBeGreaterThanOrEqual(30);
  });

  it('has under each name of the Elastic Common Schema the type that the schema gives it', () => {
    const named = [...fields].filter(([name]) => !isOurs(name));
    expect(named.length).toBeGreaterThan(10);
    for (const [name, { type, path }] of named) {
      // An alias answers under an ECS name for what stands in the stored event.
      const real = type === 'alias' ? fields.get(path)?.type : type;
      expect([name, real]).toEqual([name, ecs[name]?.type]);
    }
    expect(ecs['event.original']).toMatchObject({ index: false, doc_values: false });
    const { event } = shipped.mappings.template.mappings.properties;
    expect(event).toMatchObject({ properties: { original: { type: 'keyword', index: false, doc_values: false } } });
  });

  it.each(['text', 'object'])('maps every field of the documents of all 92 actions (event: %s)', (event) => {
    const documents = documentsOf(opened('https://es.acme.test', { event }));
    expect(documents).toHaveLength(92);
    for (const document of documents)
      for (const [name, value] of leavesOf(document, (at) => at === 'audit.parameters')) {
        expect([name, fields.has(name)]).toEqual([name, true]);
        if (!isOurs(name)) expect([name, name in ecs]).toEqual([name, true]);
        if (name === 'event.kind') expect(allowedValues(name)).toContain(value);
        if (name === 'event.category')
          for (const category of z.array(z.string()).parse(value)) expect(allowedValues(name)).toContain(category);
      }
  });
});

describe('in a real Elasticsearch', () => {
  const name = `auditlane-${run}`;
  const stream = `logs-audit.events-${run}`;
  let url: string;
  let caFile: string;
  let caPem: string;
  let password: string;
  let egress: Egress;

  interface Ended {
    readonly code: number;
    readonly out: string;
    readonly said: string;
  }

  /** The command as an operator runs it, the token on its standard input. */
  function install(args: readonly string[], token = `elastic:${password}`, allow = new URL(url).host): Promise<Ended> {
    return new Promise((resolve) => {
      const command = [join(checkoutRoot, 'dist/deploy/elasticsearch/install.main.js'), ...args];
      const env = { PATH: process.env['PATH'], AUDITLANE_EGRESS_ALLOW: allow };
      const child = execFile(nodeBinary(), command, { env }, (error, out, said) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, said });
      });
      child.stdin?.end(`${token}\n`);
    });
  }
  const common = () => ['--url', url, '--ca', caFile, '--auth', 'basic', '--name', name, '--data-stream', `${stream}*`];

  beforeAll(async () => {
    const directory = temporaryDirectory('template');
    const node = await sharedElasticsearch();
    ({ url, caPem, password } = node);
    caFile = join(directory.path, 'ca.pem');
    writeFileSync(caFile, caPem);
    egress = new Egress(parseAllowList([new URL(url).host]));
  }, 300_000);

  afterAll(async () => egress.destroy());

  it('is installed and verified by one command', async () => {
    const ended = await install([...common(), '--retention', '45d']);
    expect(ended).toEqual({
      code: 0,
      out: expect.stringMatching(`^installed and verified ${name} for ${stream}\\*, kept 45d, in Elasticsearch 9`),
      said: '',
    });
    const made = z.object({
      template: z.object({ lifecycle: z.object({ data_retention: z.string() }) }),
    });
    const answered = await asAdmin('POST', `/_index_template/_simulate_index/${stream}`);
    expect(made.parse(answered).template.lifecycle.data_retention).toBe('45d');
    expect((await install(common())).code).toBe(0);
  });

  it.each(['text', 'object'])(
    'takes documents of all 92 actions, each field mapped and none in conflict (event: %s)',
    async (event) => {
      // The same template, but a field that it does not map is refused instead of left unsearchable.
      const target = `${stream}-${event}`;
      const { mappings, template } = templateParts({ name, dataStream: `${target}*` });
      await asAdmin('PUT', `/_index_template/${name}-strict-${event}`, {
        ...template,
        priority: template.priority + 1,
        template: { mappings: { ...mappings.template.mappings, dynamic: 'strict' } },
      });
      const destination = opened(url, { target, event, auth: 'basic' }, `elastic:${password}`);
      const result = await egress.request({ destinationId: run, configVersion: 1, caPem }, destination.encode(events));
      if (result.kind === 'failure') throw new Error(result.words);
      expect(destination.judge(result.response, events)).toEqual(events.map(() => ({ kind: 'delivered' })));
      await asAdmin('POST', `/${target}/_refresh`);
      const counted = z.object({ count: z.number() });
      const count = async (query: object): Promise<number> =>
        counted.parse(await asAdmin('POST', `/${target}/_count`, { query })).count;
      expect(await count({ term: { 'organization.id': tenant } })).toBe(92);
      expect(await count({ term: { 'event.dataset': 'audit.events' } })).toBe(92);
      if (event === 'text') return;
      expect(await count({ term: { 'audit.parameters.limit': 'unlimited' } })).toBeGreaterThan(0);
      expect(await count({ term: { 'audit.parameters.a.b': 'text' } })).toBe(46);
      // By the names of the common schema, as a detection rule asks.
      expect(await count({ term: { 'source.ip': '198.51.100.0/24' } })).toBeGreaterThan(0);
      expect(await count({ term: { 'http.request.id': 'req-7' } })).toBe(1);
    },
  );

  it('is not called installed where another template wins', async () => {
    await asAdmin('PUT', `/_index_template/${name}-higher`, {
      index_patterns: [`logs-audit.taken-${run}*`],
      data_stream: {},
      priority: 900,
      template: { mappings: { properties: { event: { properties: { original: { type: 'text' } } } } } },
    });
    const args = ['--name', `${name}-low`, '--data-stream', `logs-audit.taken-${run}*`];
    const { code, said } = await install([...common(), ...args]);
    expect([code, said]).toEqual([1, expect.stringContaining('another template matches it with a higher priority')]);
  });

  it('is refused with the reason: credentials, policy, a stranger, a wrong argument', async () => {
    const wrong = await install(common(), 'elastic:wrong-password-123');
    expect([wrong.code, wrong.said]).toEqual([1, expect.stringMatching(/401.*security_exception/)]);
    expect(wrong.said).not.toContain('wrong-password-123');
    const denied = await install(common(), undefined, '');
    expect([denied.code, denied.said]).toEqual([1, expect.stringContaining('refused')]);
    const stranger = await Sink.start({ face: 'http' });
    const elsewhere = [...common(), '--url', stranger.url];
    const strange = await install(elsewhere, undefined, new URL(stranger.url).host);
    expect(strange.code).toBe(1);
    await stranger.close();
    const usage = await install(['--url', 'http://es.acme.test', '--token', 'x']);
    expect([usage.code, usage.said]).toEqual([1, expect.stringContaining('--token')]);
  });
});
