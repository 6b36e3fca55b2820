// A filter sends what it finds and nothing else, live and from the store alike, and what it leaves out holds nothing up and hides no loss.
import { parseFilter, toSql } from '@auditlane/search';
import { eventually, makeEvent, scripts } from '@auditlane/testing';
import { cursorOf, untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { changeDestination, createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { firstArrivals, openReceiver, repeatsAt, type Receiver } from '../support/receivers';
import { idOf } from '../support/traffic';

const tenant = 'acme';
const actions = ['cases.case_viewed', 'cases.case_closed', 'workflows.workflow_created', 'users.user_logged_in'];

/** Number n: the actions take turns, every third is a role's, every fifth comes from Łódź. */
const event = (n: number) =>
  makeEvent({
    tenantId: tenant,
    id: idOf(n),
    action: actions[n % 4] ?? '',
    parameters: n % 3 === 0 ? { roles: ['viewer', 'Admin'], n } : { n },
    workspace: { name: n % 5 === 0 ? 'Łódź' : 'Production' },
    details: `number ${n}`,
  });

describe('a destination with a filter', () => {
  const filters = {
    byHeaders: 'action:cases.* -workspace:ŁÓDŹ',
    byContent: 'param.roles:admin',
    byText: 'łódź -param.n:15',
    ofNothing: 'area:tables',
  } as const;
  type Name = keyof typeof filters;
  const names: readonly Name[] = ['byHeaders', 'byContent', 'byText', 'ofNothing'];
  const receivers = new Map<Name, Receiver>();
  const destinations = new Map<Name, Destination>();
  let line: DeliveryLine;
  let published = 0;

  beforeAll(async () => {
    for (const name of names) receivers.set(name, await openReceiver('http'));
    line = await openDeliveryLine({
      receivers: [...receivers.values()],
      environment: { AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '200' },
    });
    for (const name of names)
      destinations.set(
        name,
        await createDestination(line, tenant, of(receivers, name).address, { filter: filters[name] }),
      );
    await line.start('forwarder-http');
    await untilApplied(line, [...destinations.values()]);
  });

  afterAll(async () => line.close());

  function of<T>(map: ReadonlyMap<Name, T>, name: Name): T {
    const found = map.get(name);
    if (!found) throw new Error(name);
    return found;
  }
  const sinkOf = (name: Name) => of(receivers, name).sink;

  async function publish(count: number): Promise<void> {
    await line.publish(Array.from({ length: count }, (_, index) => event(published + index + 1)));
    published += count;
    await eventually(async () => {
      const { rows } = await line.db.pool.query('select count(*)::int as stored from audit.events');
      expect(rows).toEqual([{ stored: published }]);
      return true;
    });
  }

  /** What the database finds: an admin who reads a gap in the receiver's seqs asks it for the others. */
  async function foundBySql(filter: string): Promise<readonly number[]> {
    const parsed = parseFilter(filter);
    if (!parsed.ok) throw new Error(filter);
    const { text, values } = toSql(parsed.query, 2);
    const { rows } = await line.db.pool.query<{ seq: number }>(
      `select seq::int as seq from audit.events where tenant_id = $1 and (${text}) order by seq`,
      [tenant, ...values],
    );
    return rows.map(({ seq }) => seq);
  }

  async function expectArrived(name: Name): Promise<void> {
    const expected = await foundBySql(filters[name]);
    await eventually(
      () => {
        expect(firstArrivals(sinkOf(name), tenant)).toEqual(expected);
        return true;
      },
      { timeoutMs: 30_000 },
    );
    expect(repeatsAt(sinkOf(name), tenant)).toBe(0);
  }

  const numbers = (holds: (n: number) => boolean): readonly number[] =>
    Array.from({ length: published }, (_, index) => index + 1).filter(holds);

  it('is sent what its filter finds, by headers, by parameters or by free text; Kafka waits for nothing else', async () => {
    await publish(40);
    for (const name of names) await untilLive(line, of(destinations, name));
    await publish(40);
    for (const name of names) await expectArrived(name);
    await untilAllCommitted(line, 'forwarder-http');
    expect(firstArrivals(sinkOf('byHeaders'), tenant)).toEqual(numbers((n) => n % 4 < 2 && n % 5 !== 0));
    expect(firstArrivals(sinkOf('byContent'), tenant)).toEqual(numbers((n) => n % 3 === 0));
    expect(firstArrivals(sinkOf('byText'), tenant)).toEqual(numbers((n) => n % 5 === 0 && n !== 15));
    expect(sinkOf('ofNothing').requests).toEqual([]);
    for (const name of names) {
      expect(await cursorOf(line, of(destinations, name))).toBeUndefined();
      await eventually(async () => (await viewOf(line, of(destinations, name))).health.state === 'healthy');
    }
  });

  it('that was parked is sent by the drain what it would have been sent live', async () => {
    const before = published;
    sinkOf('byContent').always(scripts.answer(401));
    await publish(60);
    const { nextSeq } = await untilParked(line, of(destinations, 'byContent'));
    expect(nextSeq).toBeGreaterThan(before - 3);
    await untilAllCommitted(line, 'forwarder-http');
    sinkOf('byContent').always(scripts.pass);
    for (const name of names) await expectArrived(name);
    await untilLive(line, of(destinations, 'byContent'));
    expect(sinkOf('ofNothing').requests).toEqual([]);
    const { rows } = await line.db.pool.query('select count(*)::int as gaps from delivery.gap');
    expect(rows).toEqual([{ gaps: 0 }]);
  });

  it('whose filter the forwarder cannot read is sent nothing and loses nothing', async () => {
    const destination = of(destinations, 'byHeaders');
    const delivered = sinkOf('byHeaders').received(tenant).length;
    await line.db.pool.query(`update settings.destinations set filter = 'planet:mars' where id = $1`, [destination.id]);
    await untilApplied(line, [destination]);
    await publish(20);
    expect(await untilParked(line, destination)).toMatchObject({
      nextSeq: published - 19,
      reason: 'configuration_refused',
    });
    await untilAllCommitted(line, 'forwarder-http');
    expect(sinkOf('byHeaders').received(tenant)).toHaveLength(delivered);

    await changeDestination(line, destination, { filter: filters.byHeaders });
    await expectArrived('byHeaders');
    await untilLive(line, destination);
  });
});
