/** `fetch` to one server over pooled TLS connections that trust exactly what enrolment settled. */
import { Agent, request } from 'node:https';
import { Readable } from 'node:stream';

export interface ServerFetch {
  /** For what is no request: tunnels. */
  readonly agent: Agent;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  close(): void;
}

/** Of what a program is told, where its proxy is: `HTTPS_PROXY` (with `user:password@` where it asks for one) and `NO_PROXY`, in either case. */
export type ProxyVariables = Readonly<Record<string, string | undefined>>;

/** `ca`: PEM roots, or undefined for the system's. */
export function createServerFetch(ca: string | undefined, proxyEnv: ProxyVariables): ServerFetch {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, minVersion: 'TLSv1.2', proxyEnv, ...(ca === undefined ? {} : { ca }) });
  return { agent, fetch: (url, init) => send(agent, url, init), close: () => agent.destroy() };
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
