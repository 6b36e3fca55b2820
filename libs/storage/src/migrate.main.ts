// `npm run migrate`: the one command that changes the schema. Services never migrate; an init job or `npm start` runs this first.
import { migrate } from './migrate';
import { migrateSettings } from './migrate-settings';

async function main(): Promise<void> {
  const { url, options } = migrateSettings(process.env);
  const { applied } = await migrate(url, options);
  const what = applied.length === 0 ? 'the schema was current' : `applied ${applied.join(', ')}`;
  process.stdout.write(
    `${JSON.stringify({ level: 'info', msg: `migrate: ${what}`, partitions: options.partitions })}\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`migrate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
