/** `fetch` to one server over pooled TLS connections that trust exactly what enrolment settled. */
import { Agent, request, type AgentOptions } from 'node:https';
import { Readable } from 'node:stream';

export interface ServerFetch {
  /** For what is no request: tunnels. Each on a connection of its own: a pooled one may be as dead as the tunnel that is to be replaced. */
  readonly agent: Agent;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Something on the way to the server broke: what the pool keeps may be as dead, and would only tell when the next request has waited for it. */
  dropIdle(): void;
  close(): void;
}

/** Of what a program is told, where its proxy is: `HTTPS_PROXY` (with `user:password@` where it asks for one) and `NO_PROXY`, in either case. */
export type ProxyVariables = Readonly<Record<string, string | undefined>>;

/** `ca`: PEM roots, or undefined for the system's. */
export function createServerFetch(ca: string | undefined, proxyEnv: ProxyVariables): ServerFetch {
  const shared: AgentOptions = { minVersion: 'TLSv1.2', proxyEnv, ...(ca === undefined ? {} : { ca }) };
  const pool = new Agent({ ...shared, keepAlive: true, maxSockets: 16 });
  const agent = new Agent({ ...shared, keepAlive: false });
  const dropIdle = (): void => {
    for (const socket of Object.values(pool.freeSockets).flat()) socket?.destroy();
  };
  return {
    agent,
    fetch: async (url, init) => {
      try {
        return await send(pool, url, init);
      } catch (error) {
        dropIdle();
        throw error;
      }
    },
    dropIdle,
    close: () => {
      pool.destroy();
      agent.destroy();
    },
  };
}

function send(agent: Agent, url: string, init: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(new Headers(init.headers).entries());
    const body = typeof init.body === 'string' ? Buffer.from(init.body) : undefined;
    const outgoing = request(url, {
      agent,
      method: init.method ?? 'GET',
      headers: body === undefined ? headers : { ...headers, 'content-length': String(body.length) },
      ...(init.signal ? { signal: init.signal } : {}),
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const status = incoming.statusCode ?? 500;
      const received = new Headers();
      for (const [name, value] of Object.entries(incoming.headers)) if (typeof value === 'string') received.set(name, value);
      const hasBody = status !== 204 && status !== 304;
      if (!hasBody) incoming.resume();
      // Node's web stream and the DOM's differ by name only.
      const stream = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null;
      resolve(new Response(stream, { status, headers: received }));
    });
    outgoing.end(body);
  });
}
