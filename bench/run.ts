// `npm run bench -- <name>`: runs one bench, prints its table, and exits non-zero when it misses its aim.
import { drain } from './drain.bench';
import { idle } from './idle.bench';
import { ingest } from './ingest.bench';
import { isolation } from './isolation.bench';
import { latency } from './latency.bench';
import { persist } from './persist.bench';
import { soak } from './soak.bench';

/** Each with what follows its name on the command line. */
const benches: Readonly<Record<string, (args: readonly string[]) => Promise<boolean>>> = {
  drain,
  ingest,
  persist,
  latency,
  idle,
  isolation,
  soak,
};

async function main(): Promise<number> {
  const name = process.argv[2] ?? '';
  const bench = benches[name];
  if (!bench) {
    process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join(' | ')}\n`);
    return 2;
  }
  return (await bench(process.argv.slice(3))) ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
