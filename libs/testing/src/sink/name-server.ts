// A name server on the loopback that answers what a test tells it to, and changes its mind when told.
import { createServer, Packet } from 'dns2';

export type Zone = Readonly<
  Record<string, readonly Answer[] | 'nxdomain' | 'servfail' | 'silent' | (() => readonly Answer[])>
>;
export interface Answer {
  readonly type: 'A' | 'AAAA' | 'CNAME';
  readonly value: string;
  readonly name?: string;
  readonly ttl?: number;
}

export interface NameServer {
  /** For `dnsResolver({ servers })`. */
  readonly address: string;
  readonly asked: readonly string[];
  zone: Zone;
  close(): Promise<void>;
}

export async function startNameServer(zone: Zone): Promise<NameServer> {
  const asked: string[] = [];
  const state = { zone };
  const server = createServer({
    udp: true,
    handle: (request, send) => {
      const [question] = request.questions;
      const name = question?.name ?? '';
      asked.push(name);
      const entry = state.zone[name] ?? 'nxdomain';
      const response = Packet.createResponseFromRequest(request);
      if (entry === 'silent') return;
      if (entry === 'nxdomain') response.header.rcode = Packet.RCODE.NXDOMAIN;
      else if (entry === 'servfail') response.header.rcode = Packet.RCODE.SERVFAIL;
      else
        for (const answer of typeof entry === 'function' ? entry() : entry)
          if (answer.type === 'CNAME' || Packet.TYPE[answer.type] === question?.type)
            response.answers.push(recordOf(name, answer));
      void send(response);
    },
  });
  const bound = await server.listen({ udp: { port: 0, address: '127.0.0.1' } });
  const { udp } = bound;
  return {
    address: `127.0.0.1:${udp?.port ?? 0}`,
    asked,
    get zone() {
      return state.zone;
    },
    set zone(next) {
      state.zone = next;
    },
    close: () => server.close(),
  };
}

function recordOf(name: string, answer: Answer): Packet.Resource {
  // Made by the library, whose resources carry methods.
  const record = new Packet.Resource(answer.name ?? name, Packet.TYPE[answer.type], Packet.CLASS.IN, answer.ttl ?? 0);
  return Object.assign(record, answer.type === 'CNAME' ? { domain: answer.value } : { address: answer.value });
}
