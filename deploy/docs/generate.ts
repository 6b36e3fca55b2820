// `npm run docs`: writes the generated documents into the checkout.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkoutRoot } from '@auditlane/testing';
import { documents } from './documents';

async function main(): Promise<void> {
  for (const [path, text] of Object.entries(await documents())) {
    const file = join(checkoutRoot, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`${path}\n`);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
