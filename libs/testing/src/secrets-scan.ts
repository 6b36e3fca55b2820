// Looks for tokens where none may be: in databases, Kafka's logs, the services' own logs, metrics and answers. Every token of a test begins
// with the same word, so that it is known wherever it turns up; a webhook's secret has such a beginning by itself.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { escapeIdentifier, type Pool } from 'pg';

/** What every token in a test begins with. */
export const tokenMark = 'canary-token';
const marks: readonly string[] = [tokenMark, 'whsec_'];

/** As it is, as bytes are printed, and in base64, where it looks different by where it begins. */
function formsOf(mark: string): readonly string[] {
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.from('x'.repeat(shift) + mark).toString('base64');
    // The first and the last group also hold bits of the neighbours.
    return text.slice(shift === 0 ? 0 : 4, Math.floor(((shift + mark.length) * 8) / 24) * 4);
  });
  return [mark, Buffer.from(mark).toString('hex'), ...shifted];
}

const formsOfAll = (of: readonly string[]): readonly string[] => of.flatMap(formsOf);

/** Throws where the text holds a secret; says where, and not what. */
export function expectNoSecret(source: string, text: string, of: readonly string[] = marks): void {
  if (formsOfAll(of).some((form) => text.includes(form))) throw new Error(`a secret stands in ${source}`);
}

/** The tables that hold a secret in any column of any type. */
export async function secretsInDatabase(pool: Pool, of: readonly string[] = marks): Promise<readonly string[]> {
  const { rows } = await pool.query<{ schema: string; name: string }>(
    `select nspname as schema, relname as name from pg_class c join pg_namespace n on n.oid = relnamespace
     where relkind in ('r', 'p', 'm') and not relispartition and nspname not like 'pg\\_%' and nspname <> 'information_schema' order by 1, 2`,
  );
  const found: string[] = [];
  for (const { schema, name } of rows) {
    const table = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
    const { rowCount } = await pool.query(
      `select from ${table} t where exists (select from unnest($1::text[]) form where strpos(t::text, form) > 0) limit 1`,
      [formsOfAll(of)],
    );
    if (rowCount !== 0) found.push(`${schema}.${name}`);
  }
  return found;
}

const chunkBytes = 4 * 1024 * 1024;

/** The files below a directory that hold a secret; `ending` picks them by name. */
export function secretsInFiles(directory: string, ending: string, of: readonly string[] = marks): readonly string[] {
  const forms = formsOfAll(of).map((form) => Buffer.from(form));
  const names = readdirSync(directory, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => holdsAny(file, forms));
}

function holdsAny(file: string, forms: readonly Buffer[]): boolean {
  const overlap = Math.max(...forms.map((form) => form.length));
  const buffer = Buffer.alloc(chunkBytes + overlap);
  const descriptor = openSync(file, 'r');
  try {
    for (let kept = 0; ;) {
      const read = readSync(descriptor, buffer, kept, chunkBytes, null);
      if (read === 0) return false;
      const seen = buffer.subarray(0, kept + read);
      if (forms.some((form) => seen.includes(form))) return true;
      // A form may stand across two chunks.
      kept = Math.min(overlap, seen.length);
      seen.copy(buffer, 0, seen.length - kept);
    }
  } finally {
    closeSync(descriptor);
  }
}
