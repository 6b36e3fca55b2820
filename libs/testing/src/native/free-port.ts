// Ports for servers that bind seconds after the port was chosen. They come from below the range from which kernels take the local
// ports of outgoing connections (Linux from 32768, macOS from 49152), else a client's connection could sit on one meanwhile.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const given = new Set<number>();

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = randomInt(20_000, 32_000);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port between 20000 and 32000 on 127.0.0.1');
}
