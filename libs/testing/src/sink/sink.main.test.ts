// The sink as a process: what `npm start` and the benches rely on.
import { request as httpsRequest } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startChild, untilReady, type Child } from '../native/child-process';
import { checkoutRoot } from '../native/checkout';

// Making certificates takes seconds where many tests run at once.
jest.setTimeout(60_000);

const readySchema = z.object({ url: z.string(), control: z.string(), caPem: z.string() });
let directory: string;
let child: Child;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sink-main-'));
});
afterEach(async () => {
  await child.stop();
  rmSync(directory, { recursive: true });
});

async function start(name: string): Promise<z.output<typeof readySchema>> {
  child = startChild({
    label: 'sink',
    command: process.execPath,
    args: [
      join(checkoutRoot, 'dist', 'libs', 'testing', 'src', 'sink', 'sink.main.js'),
      '--face=http',
      '--token=t',
      `--certificates=${join(directory, 'certificates.json')}`,
    ],
    logFile: join(directory, name),
  });
  await untilReady(child, () => Promise.resolve(child.log().includes('\n')), 30_000);
  return readySchema.parse(JSON.parse(child.log().split('\n')[0] ?? ''));
}

function post(url: string, ca: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer t', 'content-type': 'application/json' };
    const request = httpsRequest(url, { method: 'POST', ca, agent: false, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const json = async (url: string, init?: RequestInit): Promise<unknown> => (await fetch(url, init)).json();

test('it tells where it is, takes events, can be asked and told things, and ends at SIGTERM', async () => {
  const { url, control, caPem } = await start('1.log');
  expect(await post(url, caPem, '[{"seq":1,"tenantId":"acme","id":"a"}]')).toBe(200);
  expect(await json(`${control}/__sink/counts`)).toEqual({
    requests: 1,
    taken: 1,
    tenants: { acme: { taken: 1, lastSeq: 1, missing: 0, repeats: 0 } },
  });
  expect(await json(`${control}/__sink/events?tenant=acme`)).toMatchObject([{ tenant: 'acme', seq: 1, id: 'a' }]);
  await json(`${control}/__sink/tell`, { method: 'POST', body: '{"status":503}' });
  expect(await post(url, caPem, '[]')).toBe(503);
  await json(`${control}/__sink/tell`, { method: 'POST', body: '{}' });
  expect(await post(url, caPem, '[]')).toBe(200);
  // The journal is shown to people: without the token.
  expect(JSON.stringify(await json(`${control}/__sink/requests`))).not.toMatch(/Bearer/);
  expect(await child.stop()).toEqual({ code: 0, signal: null });
});

test('it has the same CA after a restart', async () => {
  const first = await start('1.log');
  await child.stop();
  const second = await start('2.log');
  expect(second.caPem).toBe(first.caPem);
  expect(await post(second.url, first.caPem, '[]')).toBe(200);
});
