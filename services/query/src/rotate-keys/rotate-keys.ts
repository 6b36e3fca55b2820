// Puts every sealed value under a new key-encryption key while everything runs, and says which keys are needed no more. Killed at any
// moment, it goes on where it stood: what is done is known by the key that each value names.
import { crashPoint } from '@auditlane/observability';
import { activateKey, KeyRing, prepareKey, removeKeys, sealedSecretSchema, type SecretPlace } from '@auditlane/secrets';
import type { SealedColumn, SealedRow } from './sealed-columns';

export interface Resealing {
  readonly column: SealedColumn;
  readonly placeOf: (row: SealedRow, version: number) => SecretPlace;
}

export interface Rotation {
  readonly active: string;
  readonly resealed: number;
  /** Values that no key of the ring opens where they stand: nothing delivers with them either. */
  readonly unavailable: readonly string[];
  readonly unused: readonly string[];
}

const pageRows = 100;

/** Where an earlier rotation is not finished it is finished; else a key is made, or the prepared one taken, and made the active one. */
export async function rotateKeys(file: string, resealings: readonly Resealing[]): Promise<Rotation> {
  const before = KeyRing.load(file);
  const inUse = await keysInUse(resealings);
  const unfinished = [...inUse.keys()].some((key) => key !== before.activeKey && before.keys.includes(key));
  if (!unfinished) {
    prepareKey(file);
    crashPoint('rotation.prepared');
    activateKey(file);
    crashPoint('rotation.activated');
  }
  const ring = KeyRing.load(file);
  let resealed = 0;
  const unavailable: string[] = [];
  for (const resealing of resealings) {
    const done = await resealAll(ring, resealing);
    resealed += done.resealed;
    unavailable.push(...done.unavailable);
  }
  return { active: ring.activeKey, resealed, unavailable, unused: await unusedKeys(ring, resealings) };
}

/** Takes keys that nothing is sealed with out of the ring. For good: a backup from before the rotation needs the old ring. */
export async function retireKeys(file: string, resealings: readonly Resealing[]): Promise<readonly string[]> {
  const unused = await unusedKeys(KeyRing.load(file), resealings);
  removeKeys(file, unused);
  return unused;
}

async function resealAll(ring: KeyRing, resealing: Resealing): Promise<{ resealed: number; unavailable: string[] }> {
  let resealed = 0;
  for (;;) {
    const unavailable: string[] = [];
    let lost = 0;
    let after: string | undefined;
    for (;;) {
      const rows = await resealing.column.next(ring.activeKey, after, pageRows);
      for (const row of rows) {
        const outcome = await resealOne(ring, resealing, row);
        if (outcome === 'unavailable') unavailable.push(`${resealing.column.name} of ${row.id}`);
        else if (outcome === 'lost') lost++;
        else resealed++;
      }
      after = rows.at(-1)?.id;
      if (rows.length < pageRows) break;
    }
    // Written by somebody else meanwhile, with whatever key they had: looked at again.
    if (lost === 0) return { resealed, unavailable };
  }
}

async function resealOne(
  ring: KeyRing,
  { column, placeOf }: Resealing,
  row: SealedRow,
): Promise<'resealed' | 'lost' | 'unavailable'> {
  const sealed = sealedSecretSchema.safeParse(row.sealed);
  if (!sealed.success) return 'unavailable';
  const rewrapped = ring.rewrap(sealed.data, placeOf(row, sealed.data.version));
  if (rewrapped.kind !== 'rewrapped') return 'unavailable';
  if (!(await column.replace(row, rewrapped.sealed))) return 'lost';
  crashPoint('rotation.afterRow');
  return 'resealed';
}

async function unusedKeys(ring: KeyRing, resealings: readonly Resealing[]): Promise<readonly string[]> {
  const inUse = await keysInUse(resealings);
  return ring.keys.filter((key) => key !== ring.activeKey && key !== ring.nextKey && !inUse.has(key));
}

async function keysInUse(resealings: readonly Resealing[]): Promise<ReadonlyMap<string, number>> {
  const all = new Map<string, number>();
  for (const { column } of resealings)
    for (const [key, count] of await column.keysInUse()) all.set(key, (all.get(key) ?? 0) + count);
  return all;
}
