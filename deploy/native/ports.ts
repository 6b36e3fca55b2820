// Finds out before anything is started whether the ports are free, and names every one that is not.
import { createServer } from 'node:net';

/** @throws with one line for each port that is taken */
export async function assertPortsFree(ports: readonly number[]): Promise<void> {
  const taken = (await Promise.all(ports.map(async (port) => ((await isFree(port)) ? [] : [port])))).flat();
  if (taken.length === 0) return;
  throw new Error(
    `these ports of 127.0.0.1 are in use: ${taken.join(', ')}. Is another npm start running? ` +
      'Stop what uses them, or choose others (docs/configuration.md, "npm start").',
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
