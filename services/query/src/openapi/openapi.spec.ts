import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument, openApiText } from './openapi';

describe('the OpenAPI document', () => {
  it('is the committed docs/openapi.json (npm run docs writes it)', async () => {
    expect(await openApiText()).toBe(readFileSync(join(__dirname, '../../../../docs/openapi.json'), 'utf8'));
  });

  it('leads with every reference to a schema that says something', async () => {
    const document = await openApiDocument();
    const schemas: Readonly<Record<string, unknown>> = document.components?.schemas ?? {};
    expect(Object.entries(schemas).filter(([, schema]) => Object.keys(Object(schema)).join() === '$ref')).toEqual([]);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference]) => reference ?? '',
    );
    const known = new Set(Object.keys(schemas).map((name) => `#/components/schemas/${name}`));
    expect([...new Set(references)].filter((reference) => !known.has(reference))).toEqual([]);
  });

  it('says for every route who is let in and what a refusal looks like', async () => {
    const { paths } = await openApiDocument();
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/api/v1/events', '/api/v1/destinations/{id}']));
    for (const item of Object.values(paths))
      for (const operation of [item.get, item.put, item.post, item.delete])
        if (operation) expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403']));
  });
});
