// The binary arrays, judged by the server that has to read them.
import * as fc from 'fast-check';
import { stack } from '@auditlane/testing';
import { boolArray, createPool, dateArray, int8Array, textArray, timestamptzArray } from '../src';

const pool = createPool({ url: stack().postgresUrl, max: 1, applicationName: 'test' });
afterAll(async () => pool.end());

async function roundTrip(type: string, value: Buffer, read = 'v'): Promise<unknown[]> {
  const { rows } = await pool.query<{ back: unknown[] }>(
    `select array(select ${read} from unnest($1::${type}[]) v) as back`,
    [value],
  );
  return rows[0]?.back ?? [];
}

it('carries any text that PostgreSQL can hold, nulls and bytes', async () => {
  const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', '').toWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(text)), async (values) => {
      expect(await roundTrip('text', textArray(values))).toEqual(values);
      expect(await roundTrip('text', textArray(values.map((v) => (v === null ? null : Buffer.from(v)))))).toEqual(
        values,
      );
    }),
    { numRuns: 200 },
  );
});

it('carries whole numbers up to 2^53 on both sides of zero', async () => {
  const values = [0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  expect((await roundTrip('int8', int8Array(values), 'v::text')).map(Number)).toEqual(values);
});

it('carries instants to the millisecond, days and truth values', async () => {
  const instants = [0, 946_684_800_000, 1_764_000_000_123, -1, Date.UTC(2999, 0, 1)];
  const read = '(extract(epoch from v) * 1000)::bigint::text';
  expect((await roundTrip('timestamptz', timestamptzArray(instants), read)).map(Number)).toEqual(instants);
  const days = ['1970-01-01', '2000-01-01', '2026-11-23', '2024-02-29'];
  expect(await roundTrip('date', dateArray(days), 'v::text')).toEqual(days);
  expect(await roundTrip('bool', boolArray([true, false]))).toEqual([true, false]);
});

it('is refused where bytes are no UTF-8', async () => {
  await expect(roundTrip('text', textArray([Buffer.from([0xff])]))).rejects.toMatchObject({ code: '22021' });
});
