// Holds the generated documents to the code that they come from, and the OpenAPI to its own rules.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '@auditlane/testing';
import { documents } from '../../deploy/docs/documents';

it('has every generated document as the code makes it (npm run docs writes them)', async () => {
  for (const [path, text] of Object.entries(await documents())) {
    expect({ path, text: readFileSync(join(checkoutRoot, path), 'utf8') }).toEqual({ path, text });
  }
});
