/** The load generator for HTTP/2: few connections, as many requests under way on them as the plan has connections. */
import { connect as connectHttp2, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:tls';
import { createRecord, readPlan, tlsOptions } from './generator-plan.ts';

/** As many as a few people's clients have; the API server takes a hundred requests on each. */
const mostSessions = 4;

const plan = await readPlan();
const record = createRecord();
const requests = plan.requests.map(headersOf);
let next = 0;

const sessions = await Promise.all(Array.from({ length: Math.min(mostSessions, plan.connections) }, open));
for (let lane = 0; lane < plan.connections; lane++) {
  const session = sessions[lane % sessions.length];
  if (session !== undefined) send(session);
}
await record.reportAfter(plan.seconds);

async function open(): Promise<ClientHttp2Session> {
  const { host, port } = plan.target;
  const session = connectHttp2(`https://${host}:${port}`, {
    createConnection: () => connect({ ...tlsOptions(plan.target), ALPNProtocols: ['h2'] }).setNoDelay(true),
  });
  session.on('error', (error: Error) => record.fail(error.message)).on('close', () => record.fail('a connection was closed'));
  return new Promise((resolve) => session.once('connect', () => resolve(session)));
}

/** And the next one as soon as it has its answer. */
function send(session: ClientHttp2Session): void {
  if (record.isOver()) return;
  const since = performance.now();
  const stream = session.request(requests[next++ % requests.length]);
  let status = '';
  stream.once('response', (headers) => (status = String(headers[':status'])));
  stream.once('error', (error: Error) => record.fail(error.message));
  stream.once('end', () => {
    record.answered(since, status);
    send(session);
  });
  stream.resume();
}

/** The plan's requests are written in HTTP/1.1; those without a body can be said in HTTP/2. */
function headersOf(request: string): OutgoingHttpHeaders {
  const [first = '', ...lines] = request.trimEnd().split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers: OutgoingHttpHeaders = { ':method': method, ':path': path };
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers[name === 'host' ? ':authority' : name] = line.slice(colon + 1).trim();
  }
  return headers;
}
