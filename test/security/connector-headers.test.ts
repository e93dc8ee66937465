/** Headers by which somebody could be somebody else, sent as bytes to the real connector: refused, or without effect. */
import { expect } from 'chai';
import { controlPlane } from '../support/clusters.ts';
import { statusOf, type ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newMarker, witnessOf, type Witness } from '../support/upstream-witness.ts';

describe('security of the connector: identity in headers', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let ana: Person;
  let client: ConnectorClient;
  let witness: Witness;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'headers' });
    ana = await guarded.person('ana', { role: 'view' });
    client = await ana.client();
    witness = witnessOf(guarded, client);
  });
  after(async () => guarded.stop());

  const review = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
  const webSocket = ['Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];
  const requestOf = (line: string, headers: readonly string[], body = ''): string =>
    `${line} HTTP/1.1\r\nHost: local\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n${body}`;

  /** Asks the cluster who it is speaking to, with these headers besides; the answer is ana, or a refusal. */
  async function whoAmI(headers: readonly string[]): Promise<void> {
    const marker = newMarker();
    const path = `/apis/authentication.k8s.io/v1/selfsubjectreviews?fieldManager=${marker}`;
    const fixed = ['Content-Type: application/json', `Content-Length: ${review.length}`];
    const [answer] = await client.send(requestOf(`POST ${path}`, [...fixed, ...headers], review));
    expect(answer?.status, answer?.body).to.be.oneOf([201, 400, 403]);
    if (answer?.status === 201) {
      const { status } = JSON.parse(answer.body) as { status: { userInfo: { username: string; uid: string; groups: string[] } } };
      expect(status.userInfo.username).to.equal(`infra:${ana.email}`);
      expect(status.userInfo.uid).to.equal(ana.id);
      expect(status.userInfo.groups).to.deep.equal([`infra:view@${guarded.namespace}`, 'system:authenticated']);
    } else expect(statusOf(answer?.body ?? '')).to.include({ kind: 'Status', code: answer?.status });
    await witness.onlyAs(ana, marker);
  }

  it('row 1: without an attack the cluster names the caller (so that the attacks below could succeed)', async () => {
    const answer = await client.request('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: review,
    });
    expect(answer.status, answer.text).to.equal(201);
    expect(answer.text).to.include(`infra:${ana.email}`);
  });

  const connectionAttacks: readonly (readonly string[])[] = [
    ['Connection: Impersonate-User, Authorization'],
    ['connection: IMPERSONATE-USER'],
    ['CONNECTION: keep-alive,impersonate-group , authorization'],
    ['Connection: keep-alive', 'Connection: Impersonate-User'],
    ['Connection: Impersonate-Group', 'connection: Impersonate-Uid', 'Connection: Impersonate-Extra-Infra.internal%2Flease'],
    ['Connection: "Impersonate-User"'],
    ['Connection: host, audit-id, content-length'],
    ['Proxy-Connection: Impersonate-User, Authorization'],
    ['Keep-Alive: Impersonate-User'],
    ['TE: trailers, Impersonate-User', 'Connection: TE'],
    ['Connection: Upgrade, Impersonate-User', 'Upgrade: websocket'],
    ['Connection: Upgrade', 'Connection: Authorization', 'Upgrade: SPDY/3.1'],
  ];
  for (const headers of connectionAttacks)
    it(`row 1: ${headers.join(' + ')}: the caller's identity or a refusal, never the connector's account`, async () => whoAmI(headers));

  for (const upgrade of [webSocket, ['Upgrade: SPDY/3.1', 'X-Stream-Protocol-Version: v4.channel.k8s.io']])
    it(`row 1: Connection names identity headers on an upgrade (${upgrade[0] ?? ''}): refused, nothing reaches the cluster`, async () => {
      for (const connection of ['Upgrade, Impersonate-User', 'Authorization, upgrade', 'Upgrade\r\nConnection: impersonate-group']) {
        const marker = newMarker();
        const path = `/api/v1/namespaces/${guarded.namespace}/pods/${marker}/exec?command=id&stdout=true`;
        const [answer] = await client.send(requestOf(`GET ${path}`, [`Connection: ${connection}`, ...upgrade]));
        expect(answer?.status).to.equal(400);
        expect(statusOf(answer?.body ?? '').message).to.match(/^infra: /);
        await witness.nothing(marker);
      }
    });

  it('row 1: identity headers in the trailer of a chunked body have no effect', async () => {
    const marker = newMarker();
    const path = `/apis/authentication.k8s.io/v1/selfsubjectreviews?fieldManager=${marker}`;
    const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked', 'Trailer: Impersonate-User, Impersonate-Group'];
    const body = `${review.length.toString(16)}\r\n${review}\r\n0\r\nImpersonate-User: admin\r\nImpersonate-Group: system:masters\r\n\r\n`;
    const [answer] = await client.send(requestOf(`POST ${path}`, headers, body));
    if (answer?.status === 201) expect(answer.body).to.include(`infra:${ana.email}`).and.not.include('system:masters');
    await witness.onlyAs(ana, marker);
  });

  const impersonations = [
    'Impersonate-User: admin',
    'Impersonate-Group: system:masters',
    'impersonate-group: system:masters',
    'Impersonate-Uid: 0',
    'Impersonate-Extra-Scopes: all',
    'Impersonate-Extra-infra.internal%2Flease: lse_00000000000000000000000000',
    'Impersonate-Extra-: x',
    'Impersonate-Anything-Else: x',
    'IMPERSONATE-USER:',
  ];
  const exec = 'PODS/MARKER/exec?command=id&stdout=true';
  const places: Readonly<Record<string, readonly [line: string, ...headers: string[]]>> = {
    'a read': ['GET PODS/MARKER'],
    'a change': ['DELETE PODS/MARKER'],
    'a watch': ['GET PODS?watch=true&fieldSelector=metadata.name=MARKER'],
    discovery: ['GET /apis?x=MARKER'],
    'an exec without upgrade': [`POST ${exec}`],
    'an exec over WebSocket': [`GET ${exec}`, 'Connection: Upgrade', ...webSocket],
    'an exec over SPDY': [`POST ${exec}`, 'Connection: Upgrade', 'Upgrade: SPDY/3.1'],
  };
  for (const [place, [template, ...headers]] of Object.entries(places))
    it(`row 2: every Impersonate-* on ${place} is refused with a Status, and nothing reaches the cluster`, async () => {
      const marker = newMarker();
      const line = template.replace('PODS', `/api/v1/namespaces/${guarded.namespace}/pods`).replace('MARKER', marker);
      for (const impersonation of impersonations) {
        const [answer] = await client.send(requestOf(line, [...headers, impersonation]));
        expect(answer?.status, impersonation).to.be.oneOf([400, 403]);
        expect(statusOf(answer?.body ?? '')).to.include({ kind: 'Status', code: answer?.status });
        expect(answer?.head).to.match(/content-type: application\/json/i);
      }
      await witness.nothing(marker);
    });

  const variants: Readonly<Record<string, readonly string[]>> = {
    underscores: ['Impersonate_User: admin', 'Impersonate_Group: system:masters'],
    'underscores in odd case': ['IMPERSONATE_user: admin'],
    'sent twice': ['Impersonate-User: admin', 'Impersonate-User: infra:ana@example.com'],
    'a folded line': ['X-Note: a', ' Impersonate-User: admin'],
    'a line folded by a tab': ['X-Note: a', '\tImpersonate-Group: system:masters'],
    'a space before the colon': ['Impersonate-User : admin'],
    'a tab before the colon': ['Impersonate-User\t: admin'],
    'NUL in the name': ['Impersonate-User\0: admin'],
    'NUL in the value': ['X-Note: a\0\r\nImpersonate-User: admin'],
    'a bare LF': ['X-Note: a\nImpersonate-User: admin'],
    'a bare CR': ['X-Note: a\rImpersonate-User: admin'],
    'a vertical tab': ['\vImpersonate-User: admin'],
    'a non-breaking space': ['\u00a0Impersonate-User: admin'],
    'a soft hyphen': ['Impersonate\u00adUser: admin'],
    'front-proxy headers of Kubernetes': ['X-Remote-User: admin', 'X-Remote-Group: system:masters', 'X-Remote-Extra-Scopes: all'],
    'headers other proxies believe': ['X-Forwarded-User: admin', 'X-Forwarded-Groups: system:masters', 'Forwarded: for=1.2.3.4'],
    'a method in a header': ['X-HTTP-Method-Override: DELETE', 'X-Original-URL: /api/v1/secrets'],
  };
  for (const [title, headers] of Object.entries(variants)) it(`row 3: ${title}: a refusal, or no effect`, async () => whoAmI(headers));
});
