/** Random requests at the gate, with the cluster's own audit log as the witness: nobody is ever more than the person, nor the connector itself. */
import { randomInt } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import type { Target } from '../bench/load.ts';
import { email, namespace, type Setting } from '../bench/setting.ts';
import type { KubernetesAuditEvent } from '../support/kubernetes-audit.ts';
import { followAudit } from './follow-audit.ts';
import type { Rules } from './outcome.ts';

const requests = 20_000;
const lanes = 16;
/** In every request, so that what came of it is found again. */
const marker = 'soak-fuzz';

export async function fuzz(setting: Setting, { note, holds }: Rules): Promise<void> {
  const [cluster, { target, connector }] = [await setting.cluster(), await setting.guarded()];
  const account = `system:serviceaccount:${namespace}:connector`;
  const audit = followAudit(cluster.auditLog);
  const statuses = new Map<string, number>();
  let left = requests;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const status = await send(target, randomRequest());
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const events = await audit.stop();
  const ours = events.filter((event) => isMarked(event));
  note(
    `${requests} requests: ${[...statuses]
      .sort()
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ')}`,
  );
  note(`${ours.length} of them reached the cluster`);
  holds('some reached the cluster, so there is something to judge', ours.length > 100);
  const first = (bad: readonly KubernetesAuditEvent[]): string =>
    bad[0] === undefined ? '' : `: ${JSON.stringify(bad[0]).slice(0, 1000)}`;
  const claim = (text: string, bad: readonly KubernetesAuditEvent[]): void => holds(`${text}${first(bad)}`, bad.length === 0);
  // `?timeout=` ends the cluster's own question about our token, too: then it knows nobody, and answers so.
  const unknown = ours.filter(({ user }) => user.username === undefined);
  note(`${unknown.length} of those were nobody's to the cluster`);
  claim(
    'what was nobody’s was refused',
    unknown.filter(({ responseStatus }) => responseStatus?.code !== 401),
  );
  claim(
    'none ran as the connector’s own account',
    ours.filter(({ user, impersonatedUser }) => user.username !== undefined && impersonatedUser === undefined),
  );
  claim(
    'all ran as the person',
    ours.filter(({ impersonatedUser }) => impersonatedUser !== undefined && impersonatedUser.username !== `infra:${email}`),
  );
  const borrowed = events.filter(({ user, impersonatedUser }) => user.username === account && impersonatedUser !== undefined);
  const strange = (group: string): boolean => group.startsWith('system:') && group !== 'system:authenticated';
  claim(
    'nobody was lent a group of the system',
    borrowed.filter(({ impersonatedUser }) => impersonatedUser?.groups?.some(strange) === true),
  );
  claim(
    'nobody else was impersonated',
    borrowed.filter(({ impersonatedUser }) => impersonatedUser?.username !== `infra:${email}`),
  );
  holds('the connector lives', !connector.program().hasEnded());
}

const isMarked = ({ requestURI, userAgent }: KubernetesAuditEvent): boolean =>
  requestURI.includes(marker) || userAgent?.includes(marker) === true;

const pick = <T>(values: readonly T[]): T => {
  const value = values[randomInt(values.length)];
  if (value === undefined) throw new Error('there is nothing to pick from');
  return value;
};

const methods = ['GET', 'GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'get'];
const segments = [
  'api',
  'v1',
  'apis',
  'namespaces',
  namespace,
  'kube-system',
  'pods',
  'secrets',
  'configmaps',
  'one',
  'exec',
  'proxy',
  'serviceaccounts',
  'token',
  'rbac.authorization.k8s.io',
  'clusterrolebindings',
  '..',
  '.',
  '%2e%2e',
  '%2F',
  '%00',
  '',
  ';x',
  '\\',
  '%25',
  'ä',
];
const queries = ['', '?watch=true&timeoutSeconds=1', '?as=admin', '?impersonate=1', '?timeout=1s', '?%00', '?a=b&a=c', '?dryRun=All'];
const goodPaths = [
  `/api/v1/namespaces/${namespace}/configmaps`,
  `/api/v1/namespaces/${namespace}/configmaps/one`,
  '/version',
  '/api',
  '/apis',
  `/api/v1/namespaces/${namespace}/secrets`,
  '/api/v1/nodes',
];

const hostileHeaders: readonly (() => string)[] = [
  () => 'Impersonate-Group: system:masters',
  () => 'Impersonate-User: system:admin',
  () => 'impersonate-uid: 0',
  () => 'Impersonate-Extra-Scopes: all',
  () => 'Impersonate_User: admin',
  () => 'Authorization: Bearer eyJhbGciOiJub25lIn0.e30.',
  () =>
    `Connection: ${pick(['Impersonate-User', 'Impersonate-Group, Authorization', 'close', 'keep-alive, upgrade', 'Impersonate-Uid', 'te'])}`,
  () => `X-Remote-User: admin`,
  () => 'X-Remote-Group: system:masters',
  () => 'X-Forwarded-For: 127.0.0.1',
  () => `Upgrade: ${pick(['websocket', 'SPDY/3.1', 'h2c', 'x'])}`,
  () => 'Transfer-Encoding: chunked',
  () => `Content-Length: ${pick(['0', '5', '-1', '5, 5', '0x5', '+5'])}`,
  () => 'Expect: 100-continue',
  () => 'Host: kubernetes.default.svc',
  () => ' folded: value',
  () => 'Impersonate-Group : system:masters',
  () => `X-${'a'.repeat(randomInt(200))}: ${'b'.repeat(randomInt(400))}`,
  () => 'Content-Type: application/json',
  () => 'X-Http-Method-Override: DELETE',
  () => 'Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.eA',
  () => `Accept: application/json\nImpersonate-Group: system:masters`,
];

function randomRequest(): string {
  const path = randomInt(3) > 0 ? pick(goodPaths) : `/${Array.from({ length: 1 + randomInt(8) }, () => pick(segments)).join('/')}`;
  const query = pick(queries);
  const headers = Array.from({ length: randomInt(4) }, () => pick(hostileHeaders)());
  const own = ['Host: bench', `User-Agent: ${marker}`, ...(randomInt(4) === 0 ? [] : headers)];
  // Bytes after the end that a parser of other opinions would take for a second request.
  const body = pick([
    '',
    '',
    '',
    '0\r\n\r\n',
    '{}',
    `0\r\n\r\nGET /api/v1/secrets?${marker} HTTP/1.1\r\nHost: x\r\nImpersonate-User: system:admin\r\n\r\n`,
  ]);
  const marked = `${path}${query === '' ? '?' : `${query}&`}${marker}`;
  return [`${pick(methods)} ${marked} HTTP/1.1`, ...own, '', body].join('\r\n');
}

/** A connection each, as most of these end theirs; the status, or how it ended without one. */
async function send({ host, port, servername, ca, cert, key }: Target, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({ host, port, ca, servername: servername ?? '', ...(cert === undefined ? {} : { cert, key }) });
    const done = (status: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(status);
    };
    // A watch goes on; a request that waits for its body does too.
    const timer = setTimeout(() => done('unanswered'), 1500);
    socket.once('secureConnect', () => socket.write(request));
    socket.once('data', (chunk: Buffer) => done(chunk.toString('latin1', 9, 12)));
    socket.once('error', () => done('broken'));
    socket.once('close', () => done('closed'));
  });
}
