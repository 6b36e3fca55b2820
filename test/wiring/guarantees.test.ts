// Holds docs/guarantees.md to the tests: a promise without its test, or a test that no promise names, is a broken page.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '@auditlane/testing';

const folder = 'test/guarantees';
const suffix = '.test.ts';
const page = readFileSync(join(checkoutRoot, 'docs/guarantees.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| ') && line.includes(folder));

it('names each file of test/guarantees in one row of the table, and no other', () => {
  const files = readdirSync(join(checkoutRoot, folder))
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length));
  const named = rows.map((row) =>
    /\[([\w-]+)\]\(\.\.\/test\/guarantees\/([\w-]+)\.test\.ts\) *\|$/.exec(row)?.slice(1),
  );
  expect(named.every((names) => names?.[0] === names?.[1])).toBe(true);
  expect(named.map((names) => String(names?.[0])).sort()).toEqual(files.sort());
});

it('says of each promise how it is kept', () => {
  expect(rows.map((row) => row.split(' | ').length)).toEqual(rows.map(() => 3));
  expect(rows.every((row) => row.split(' | ').every((cell) => cell.trim().length > 20))).toBe(true);
});
