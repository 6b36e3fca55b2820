// Carries a script out on a connection: answers, holds back, drips, breaks off.
import type { ServerResponse } from 'node:http';
import type { Script } from './script';

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | object;
}

export function sendReply(response: ServerResponse, reply: Reply): void {
  const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
  response.writeHead(reply.status, {
    'content-type': typeof reply.body === 'string' ? 'text/plain' : 'application/json',
    'content-length': Buffer.byteLength(text),
    ...reply.headers,
  });
  response.end(text);
}

/** `pass` answers as the face would. */
export function perform(script: Script, response: ServerResponse, asFace: Reply): void {
  const socket = response.socket;
  switch (script.do) {
    case 'pass':
      return sendReply(response, asFace);
    case 'answer':
      return sendReply(response, { status: script.status, headers: script.headers, body: script.body ?? '' });
    case 'delay': {
      const timer = setTimeout(() => perform(script.next, response, asFace), script.ms);
      response.once('close', () => clearTimeout(timer));
      return;
    }
    case 'hang':
      return;
    case 'drip': {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), script.everyMs);
      response.once('close', () => clearInterval(timer));
      return;
    }
    case 'reset':
      socket?.destroy();
      return;
    case 'raw': {
      if (!socket) return;
      socket.write(script.head ?? '');
      if (!script.endless) {
        socket.end(script.bytes);
        return;
      }
      const pump = () => {
        while (!socket.destroyed && socket.write(script.bytes));
      };
      socket.on('drain', pump);
      pump();
    }
  }
}

/** How much of a request is taken in under this script, and what the journal notes as its status. */
export function effectOf(script: Script, asFace: Reply): { ingest: boolean; status: number } {
  switch (script.do) {
    case 'pass':
      return { ingest: true, status: asFace.status };
    case 'answer':
      return { ingest: script.ingest ?? false, status: script.status };
    case 'delay':
      return effectOf(script.next, asFace);
    case 'hang':
    case 'drip':
      return { ingest: script.ingest ?? false, status: script.do === 'drip' ? 200 : 0 };
    case 'reset':
      return { ingest: script.when === 'ingested', status: 0 };
    case 'raw':
      break;
  }
  return { ingest: false, status: 0 };
}
