// What the page offers while somebody types.
import { parse, suggest } from '.';

const seen = { actors: ['jane@acme.test', 'joe@acme.test'], workspaces: ['EU production', 'US'] };
/** The cursor stands at the bar. */
const inserts = (text: string): readonly string[] =>
  suggest(text.replace('|', ''), text.indexOf('|'), seen).map(({ insert }) => insert);

it.each([
  ['ac|', ['action:', 'actor:']],
  ['-wor|', ['workspace:']],
  ['area:cases ac|', ['action:', 'actor:']],
  ['actor:jo|', ['joe@acme.test']],
  ['actor:jane@acme.test,|', ['jane@acme.test', 'joe@acme.test']],
  ['workspace:"EU p|', ['"EU production"']],
  ['category:set|', ['setting_updates']],
  ['on:|', ['today', 'yesterday']],
  ['param.x:|', []],
  ['"free text ac|', []],
])('%s', (text, expected) => {
  expect(inserts(text)).toEqual(expect.arrayContaining(expected));
  if (expected.length === 0) expect(inserts(text)).toEqual([]);
});

it('offers actions by the words that people know them by', () => {
  expect(inserts('workflow cre|')).toContain('action:workflows.workflow_created');
  expect(inserts('action:"created|')).toContain('workflows.workflow_created');
});

it('replaces what was typed of the word, and what is offered is lawful', () => {
  const text = 'area:cases actor:joX rest';
  const [offer] = suggest(text, 'area:cases actor:jo'.length, seen);
  if (!offer) throw new Error('nothing was offered');
  const completed = text.slice(0, offer.start) + offer.insert + text.slice(offer.end);
  expect(completed).toBe('area:cases actor:joe@acme.test rest');
  expect(parse(completed).ok).toBe(true);
});

it('has nothing to say about places that are not in the text', () => {
  for (const cursor of [-5, 1e9, Number.NaN]) expect(() => suggest('actor:', cursor, seen)).not.toThrow();
});
