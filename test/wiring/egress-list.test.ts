// Holds the list of ways to make a server call its own network (reliability notes, S1 to S28) complete: each has a test that names it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '@auditlane/testing';

const folders = ['libs/egress/src', 'libs/egress/src/domain', 'services/query/test'];
/** The first argument of it, test or describe, or the first cell of a table's row. */
const titles =
  /(?:\b(?:it|test|describe)(?:\.each)?(?:<[^>]*>)?\(\s*(?:\[\s*\[?\s*)?|\[\s*|\)\(\s*)(['"`])((?:(?!\1).)*)\1/gs;

function titlesOf(text: string): readonly string[] {
  return [...text.matchAll(titles)].map((match) => match[2] ?? '');
}

it('has a test title for each of S1 to S28', () => {
  const named = folders
    .flatMap((folder) => readdirSync(join(checkoutRoot, folder)).map((file) => join(checkoutRoot, folder, file)))
    .filter((file) => /\.(spec|test)\.ts$/.test(file))
    .flatMap((file) => titlesOf(readFileSync(file, 'utf8')))
    .join('\n');
  const missing = Array.from({ length: 28 }, (_, i) => `S${i + 1}`).filter(
    (name) => !new RegExp(`\\b${name}\\b`).test(named),
  );
  expect(missing).toEqual([]);
});
