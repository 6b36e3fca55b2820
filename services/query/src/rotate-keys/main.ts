// `npm run -s rotate-keys [-- --prepare | --retire]`: a new key-encryption key, online. Without an option: makes one (or takes the prepared
// one), makes it active, seals everything with it. Safe to run again at any time.
import { loadConfig } from '@auditlane/config';
import { prepareKey, webhookPlace } from '@auditlane/secrets';
import { createPool } from '@auditlane/storage';
import { tokenPlace } from '../destinations/destinations.repository';
import { rotateKeysDefinition } from './env';
import { retireKeys, rotateKeys, type Resealing } from './rotate-keys';
import { destinationTokens, lockRotation, webhookSecrets } from './sealed-columns';

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

async function main(option: string | undefined): Promise<void> {
  const config = loadConfig(rotateKeysDefinition, process.env);
  const file = config.AUDITLANE_KEY_RING_FILE;
  const pool = createPool({ url: config.AUDITLANE_ROTATE_URL, max: 2, applicationName: 'auditlane-rotate-keys' });
  try {
    const unlock = await lockRotation(pool);
    if (!unlock) throw new Error('another rotation is under way');
    const resealings: readonly Resealing[] = [
      { column: destinationTokens(pool), placeOf: ({ tenant, id }, version) => tokenPlace(tenant, id, version) },
      { column: webhookSecrets(pool), placeOf: ({ tenant }, version) => webhookPlace(tenant, version) },
    ];
    if (option === '--prepare')
      say(`prepared ${prepareKey(file)}: bring the file to every process that mounts a copy, then rotate`);
    else if (option === '--retire') await retire(file, resealings);
    else await rotate(file, resealings);
    unlock();
  } finally {
    await pool.end();
  }
}

async function rotate(file: string, resealings: readonly Resealing[]): Promise<void> {
  const { active, resealed, unavailable, unused } = await rotateKeys(file, resealings);
  say(`${resealed} values sealed with ${active}`);
  if (unused.length > 0)
    say(
      `not used any more: ${unused.join(', ')}; keep a copy for the backups from before, then: npm run -s rotate-keys -- --retire`,
    );
  if (unavailable.length === 0) return;
  say(`cannot be opened, and were left as they are: ${unavailable.join(', ')}`);
  process.exitCode = 1;
}

async function retire(file: string, resealings: readonly Resealing[]): Promise<void> {
  const retired = await retireKeys(file, resealings);
  say(
    retired.length === 0
      ? 'every key but the active one is in use, or there is no other'
      : `removed ${retired.join(', ')}`,
  );
}

const [option] = process.argv.slice(2);
if (option !== undefined && option !== '--prepare' && option !== '--retire') {
  process.stderr.write('usage: npm run -s rotate-keys [-- --prepare | --retire]\n');
  process.exitCode = 2;
} else
  main(option).catch((error: unknown) => {
    process.stderr.write(`rotate-keys: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
