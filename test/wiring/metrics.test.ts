// Holds every service's /metrics to the naming rules of Prometheus, and to ours: no series may name a tenant or a destination.
import { spawnSync } from 'node:child_process';
import { destinationTypes } from '@auditlane/contracts';
import { serviceNames, type ServiceName } from '@auditlane/testing';
import { untilAllCommitted } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, type Destination } from '../support/destinations';
import { openReceiver, untilArrived } from '../support/receivers';
import { trafficOf } from '../support/traffic';

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly series: readonly string[];
}

const tenant = 'tenant-with-a-name-of-its-own';
const opsUrls = new Map<ServiceName, string>();
let destination: Destination;
let line: DeliveryLine;

beforeAll(async () => {
  const receiver = await openReceiver('http');
  line = await openDeliveryLine({ receivers: [receiver] });
  destination = await createDestination(line, tenant, receiver.address);
  const forwarders = await Promise.all(destinationTypes.map(async (type) => line.start(`forwarder-${type}`)));
  for (const { name, opsUrl } of [line.query, line.ingestion, line.persistence, ...forwarders])
    opsUrls.set(name, opsUrl);
  await untilApplied(line, [destination]);
  await line.publish([...trafficOf(5, { of: [tenant] }), 'not an event']);
  await untilArrived(receiver.sink, tenant, 5);
  await untilAllCommitted(line, 'forwarder-http');
});

afterAll(async () => line.close());

const scrape = async (name: ServiceName): Promise<string> => (await fetch(`${opsUrls.get(name)}/metrics`)).text();

function familiesOf(text: string): readonly Family[] {
  const blocks = text.split(/^(?=# HELP )/m).filter((block) => block.trim() !== '');
  return blocks.map((block) => {
    const [, name = '', help = ''] = /^# HELP (\S+) ?(.*)$/m.exec(block) ?? [];
    const [, typed = '', type = ''] = /^# TYPE (\S+) (\S+)$/m.exec(block) ?? [];
    const series = block.split('\n').filter((row) => row !== '' && !row.startsWith('#'));
    return { name: name === typed ? name : `${name} typed as ${typed}`, type, help, series };
  });
}

const unitsThatAreNotBase =
  /_(ms|millis|milliseconds|us|micros|minutes|hours|days|kb|kib|mb|mib|kilobytes|megabytes|percent)(_total)?$/;

/** What `promtool check metrics` would say, and what it does not know of ours. */
function faultsOf({ name, type, help, series }: Family): readonly string[] {
  const labels = new Set(series.flatMap((row) => [...row.matchAll(/[{,]([a-zA-Z_]\w*)="/g)].map(([, label]) => label)));
  const rules: readonly (readonly [broken: boolean, fault: string])[] = [
    [!/^(auditlane|nodejs|process)_[a-z0-9_]+$/.test(name), 'has another prefix, or characters that names do not have'],
    [help.trim() === '', 'has no help'],
    [!['counter', 'gauge', 'histogram'].includes(type), `is a ${type}`],
    [(type === 'counter') !== name.endsWith('_total'), 'is a counter without _total, or _total without being one'],
    [/_(count|sum|bucket|info_total)$/.test(name), 'ends like a part of a histogram'],
    [unitsThatAreNotBase.test(name), 'is not in a base unit'],
    [type === 'histogram' && !/_(seconds|bytes|records|events)$/.test(name), 'is a histogram without its unit'],
    [
      name.startsWith('auditlane_') && type === 'counter' && series.length === 0,
      'has no series before its first event',
    ],
    [!series.every((row) => row.includes('service="')), 'does not say which service it is of'],
    [
      [...labels].some((label) => /tenant|destination|event_?id|url|token/i.test(label ?? '')),
      'has a label without bounds',
    ],
    [series.some((row) => row.includes(tenant) || row.includes(destination.id)), 'names a tenant or a destination'],
  ];
  return rules.filter(([broken]) => broken).map(([, fault]) => `${name} ${fault}`);
}

describe.each(serviceNames)('the metrics of %s', (service) => {
  it('have names, units, types and labels as the rules say', async () => {
    const families = familiesOf(await scrape(service));
    expect(families.flatMap(faultsOf)).toEqual([]);
    const names = families.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['auditlane_build_info', 'nodejs_eventloop_lag_seconds']));
  });

  it('pass promtool, where it is installed', async () => {
    const text = await scrape(service);
    expect(text).toMatch(/^# TYPE auditlane_build_info gauge$/m);
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    if (checked.error) return;
    expect([checked.status, checked.stdout + checked.stderr]).toEqual([0, '']);
  });
});

it('are refused where a rule is broken, so that the rules are known to bite', () => {
  const text = [
    '# HELP auditlane_wait_ms Wait',
    '# TYPE auditlane_wait_ms counter',
    `auditlane_wait_ms{service="x",tenant="${tenant}"} 1`,
    '# HELP other_total ',
    '# TYPE other_total gauge',
    'other_total 1',
    '',
  ].join('\n');
  expect(familiesOf(text).flatMap(faultsOf)).toEqual([
    'auditlane_wait_ms is a counter without _total, or _total without being one',
    'auditlane_wait_ms is not in a base unit',
    'auditlane_wait_ms has a label without bounds',
    'auditlane_wait_ms names a tenant or a destination',
    'other_total has another prefix, or characters that names do not have',
    'other_total has no help',
    'other_total is a counter without _total, or _total without being one',
    'other_total does not say which service it is of',
  ]);
});
