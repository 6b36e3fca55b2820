// Holds docs/search.md to the code: every field and fault stands there as it is, and every example can be read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultCodes, parse, searchFields } from '.';

const page = readFileSync(join(__dirname, '../../../docs/search.md'), 'utf8');
const cellsOf = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map(cellsOf);
/** The code spans of a text; a stroke would end a cell, so that none has one. */
const codesOf = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');

it('lists every field, what it finds and how it looks, in the order in which they are offered', () => {
  const listed = rows.filter(([name]) => name?.endsWith(':`'));
  expect(listed).toEqual(searchFields.map(({ name, finds, example }) => [`\`${name}:\``, finds, `\`${example}\``]));
});

it('lists every fault', () => {
  const codes = rows.map(([first]) => first?.replaceAll('`', ''));
  expect(codes.filter((code) => faultCodes.some((known) => known === code))).toEqual(faultCodes);
});

it('gives examples that can be read', () => {
  const blocks = [...page.matchAll(/```\n([^`]+)\n```/g)].flatMap(([, block]) => block?.split('\n') ?? []);
  const written = rows
    .filter(([, means]) => means && !means.startsWith('-'))
    .flatMap(([first = '', , example]) => codesOf(example ?? first));
  const examples = [...blocks, ...written].filter((text) => !faultCodes.some((code) => code === text));
  expect(examples.length).toBeGreaterThan(20);
  const unread = examples.filter((text) => !parse(text, { now: Date.UTC(2026, 10, 23) }).ok);
  expect(unread).toEqual([]);
});
