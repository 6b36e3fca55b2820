// Lets test files, which run in other processes, ask the run for what is started only when someone wants it.
import { createServer } from 'node:http';

export interface RunServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers `GET /<name>` with what `parts[name]` resolves to, as JSON. */
export async function startRunServer(parts: Readonly<Record<string, () => Promise<unknown>>>): Promise<RunServer> {
  const server = createServer((request, response) => {
    const part = parts[request.url?.slice(1) ?? ''];
    const answer = part ? part() : Promise.reject(new Error(`the run has no part ${request.url}`));
    answer.then(
      (value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value)),
      (error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error)),
    );
  });
  // A part may take minutes on a slow machine; the asking test has a time-out of its own.
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the run server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
