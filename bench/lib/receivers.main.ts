// Several HEC receivers in a process of their own, which only note when each event came: one that stays well, and one for each kind of trouble,
// which begins and ends when it is told so over plain HTTP on the loopback.
import { createServer } from 'node:http';
import { scripts, Sink } from '@auditlane/testing';
import { misbehaviour, type Trouble } from './troubles';

const troubles: readonly Trouble[] = ['hanging', 'dripping', 'answering 429', 'answering 503'];

/** By tenant: seq, milliseconds since the epoch, seq, milliseconds … in order of arrival. */
const arrivals = new Map<string, number[]>();

function onTaken(tenant: string, seq: number): void {
  const known = arrivals.get(tenant);
  if (known) known.push(seq, Date.now());
  else arrivals.set(tenant, [seq, Date.now()]);
}

async function main(): Promise<void> {
  const start = (): Promise<Sink> =>
    Sink.start({ face: 'hec', fast: true, token: process.env['BENCH_SINK_TOKEN'] ?? '', onTaken });
  const healthy = await start();
  const troubled: { readonly trouble: Trouble; readonly sink: Sink }[] = [];
  for (const trouble of troubles) troubled.push({ trouble, sink: await start() });

  const answer = (path: string): unknown => {
    switch (path) {
      case '/begin':
        for (const { trouble, sink } of troubled) sink.always(misbehaviour[trouble]);
        return {};
      case '/end':
        // As a receiver that was started again: what hung on a connection is over.
        for (const { sink } of troubled) {
          sink.always(scripts.pass);
          sink.closeConnections();
        }
        return {};
      case '/counts': {
        const counts = [healthy, ...troubled.map(({ sink }) => sink)].flatMap((sink) => [...sink.counts]);
        return Object.fromEntries(counts);
      }
      default:
        return Object.fromEntries(arrivals);
    }
  };
  const control = createServer((request, response) => response.end(JSON.stringify(answer(request.url ?? ''))));
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  const address = control.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(
    `${JSON.stringify({
      control: `http://127.0.0.1:${port}`,
      caPem: healthy.caPem,
      healthy: healthy.url,
      troubled: troubled.map(({ sink }) => sink.url),
    })}\n`,
  );
  process.once('SIGTERM', () => process.exit(0));
}

void main();
