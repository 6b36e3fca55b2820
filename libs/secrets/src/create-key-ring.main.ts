// `npm run -s key-ring -- FILE`: makes a key ring for query and the forwarders; never overwrites one.
import { createKeyRingFile } from './key-ring-file';

const [file] = process.argv.slice(2);
try {
  if (!file) throw new Error('usage: npm run -s key-ring -- FILE');
  createKeyRingFile(file);
  process.stdout.write(`made ${file}; keep a copy where the database's backups are not\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
