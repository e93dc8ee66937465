import { expect } from 'chai';
import { createAuthority, serverAuth } from './fake-authority.ts';
import type { DesiredIdentity } from '../../shared/api/connectors.ts';
import { newId } from '../../shared/id.ts';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { newConnectorAccount, type TestAccount } from '../support/connector-account.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { kubernetesAudit, type KubernetesAuditEvent } from '../support/kubernetes-audit.ts';
import { FakeServer, trustDomain, type Credential } from './fake-server.ts';
import { RunningConnector, until } from './running-connector.ts';

interface Status {
  readonly kind: string;
  readonly reason: string;
  readonly code: number;
  readonly message: string;
}

const selfReview = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const reviewBody = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';

describe('connector: the gate in front of a real API server', () => {
  let cluster: Cluster;
  let server: FakeServer;
  let connector: RunningConnector;
  let account: TestAccount;
  let ana: DesiredIdentity;
  let credential: Credential;
  const own = `gate-${process.pid}`;
  const path = `/api/v1/namespaces/${own}/configmaps`;
  const admin = (...args: readonly string[]) => kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, ...args);
  const statusOf = (text: string): Status => JSON.parse(/\{.*\}/.exec(text)?.[0] ?? '{}') as Status;
  const applied = () =>
    until(() => server.acknowledgements.some((each) => each.kind === 'applied' && each.revision === server.revision), 'applied');
  const spoof = (fields: Parameters<FakeServer['authority']['issue']>[0]) => server.authority.issue({ subject: `CN=${ana.id}`, ...fields });

  before(async function () {
    this.timeout(120_000);
    cluster = await controlPlane();
    await admin('create', 'namespace', own);
    server = await FakeServer.start();
    ana = server.addUser('ana@example.com', [{ role: 'view', namespace: own }]);
    credential = await server.issue(ana.id);
    account = await newConnectorAccount(cluster, `${own}-infra`);
    connector = await RunningConnector.start({ server, kubeconfig: account.kubeconfig });
    await applied();
  });

  after(async () => {
    await connector.stop();
    await server.stop();
    await admin('delete', 'rolebindings,clusterrolebindings', '-A', '-l', `infra.internal/destination=${server.destinationId}`);
    await account.remove();
    await admin('delete', 'namespace', own, '--wait=false');
  });

  it('the cluster sees the person: user, uid, groups and lease', async () => {
    const answer = await connector.request(credential, selfReview, {
      method: 'POST',
      body: reviewBody,
      headers: { 'content-type': 'application/json' },
    });
    const { userInfo } = (JSON.parse(answer.text) as { status: { userInfo: unknown } }).status;
    expect(userInfo).to.deep.equal({
      username: 'infra:ana@example.com',
      uid: ana.id,
      groups: [`infra:view@${own}`, 'system:authenticated'],
      extra: { 'infra.internal/lease': [credential.leaseId] },
    });
  });

  describe('certificates (security rows 5, 9, 10)', () => {
    const cases: Record<string, () => Promise<{ chain: string; keyPem: string } | undefined>> = {
      'no certificate': () => Promise.resolve(undefined),
      'another authority, same names': async () => {
        const other = await createAuthority();
        return other.issue({ subject: `CN=${ana.id}`, names: [{ type: 'url', value: server.spiffeId(ana.id, credential.leaseId) }] });
      },
      'another destination': () =>
        spoof({ names: [{ type: 'url', value: server.spiffeId(ana.id, credential.leaseId, newId('destination', Date.now())) }] }),
      'another trust domain': () =>
        spoof({ names: [{ type: 'url', value: server.spiffeId(ana.id, credential.leaseId).replace(trustDomain, 'evil.test') }] }),
      'usage: server': () => spoof({ usages: [serverAuth], names: [{ type: 'url', value: server.spiffeId(ana.id, credential.leaseId) }] }),
      'a certificate authority': () => spoof({ ca: true, names: [{ type: 'url', value: server.spiffeId(ana.id, credential.leaseId) }] }),
      'subject of another': () =>
        spoof({ subject: `CN=${newId('user', Date.now())}`, names: [{ type: 'url', value: server.spiffeId(ana.id, credential.leaseId) }] }),
      'an organisation besides': () =>
        spoof({ subject: `CN=${ana.id}, O=system:masters`, names: [{ type: 'url', value: server.spiffeId(ana.id, credential.leaseId) }] }),
      'two names': () =>
        spoof({
          names: [
            { type: 'url', value: server.spiffeId(ana.id, credential.leaseId) },
            { type: 'url', value: server.spiffeId(newId('user', Date.now()), credential.leaseId) },
          ],
        }),
      'a DNS name besides': () =>
        spoof({
          names: [
            { type: 'url', value: server.spiffeId(ana.id, credential.leaseId) },
            { type: 'dns', value: 'localhost' },
          ],
        }),
      'no name': () => spoof({}),
      'a lease nobody issued': () => spoof({ names: [{ type: 'url', value: server.spiffeId(ana.id, newId('lease', Date.now())) }] }),
      'a certificate signed by a person’s': async () => {
        const forged = await spoof({ names: [{ type: 'url', value: server.spiffeId(ana.id, credential.leaseId) }] });
        return { chain: forged.chain.replace(server.authority.intermediatePem, credential.pem), keyPem: credential.keyPem };
      },
    };
    for (const [title, make] of Object.entries(cases))
      it(`${title}: 401 Status, or no connection`, async () => {
        const shown = await make();
        const answer = await connector
          .request(shown, path, { headers: { authorization: 'Bearer x', 'x-remote-user': 'admin' } })
          .catch(() => undefined);
        if (answer === undefined) return;
        expect(answer.status, answer.text).to.equal(401);
        expect(statusOf(answer.text)).to.include({ kind: 'Status', reason: 'Unauthorized', code: 401 });
      });
  });

  it('a new request after the end of the certificate is refused, on the same connection and on a resumed session (security row 13)', async () => {
    const brief = await server.issue(ana.id, { lifetime: 1500 });
    const socket = await connector.connect(brief);
    const ask = () => `GET ${path} HTTP/1.1\r\nHost: local\r\n\r\n`;
    let received = '';
    let session: Buffer | undefined;
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.on('session', (ticket: Buffer) => (session = ticket));
    socket.write(ask());
    await until(() => received.startsWith('HTTP/1.1 200') && session !== undefined, 'the first answer');
    const resumed = await connector.connect(brief, session);
    expect(resumed.isSessionReused()).to.equal(true);
    let onResumed = '';
    resumed.on('data', (chunk: Buffer) => (onResumed += chunk.toString()));
    resumed.write(ask());
    await until(() => onResumed.startsWith('HTTP/1.1 200'), 'a resumed session within the time');
    await new Promise((resolve) => setTimeout(resolve, 1600));
    received = onResumed = '';
    socket.write(ask());
    resumed.write(ask());
    await until(() => received.startsWith('HTTP/1.1 401') && onResumed.startsWith('HTTP/1.1 401'), '401 on both');
    socket.destroy();
    resumed.destroy();
  });

  describe('headers and paths as bytes (security rows 1–4, 6, 8, 9, 31)', () => {
    const attacks: readonly (readonly [title: string, lines: readonly string[]])[] = [
      ['Impersonate-Group', ['Impersonate-Group: system:masters']],
      ['Impersonate-User twice, in odd case', ['iMPERSONATE-uSER: admin', 'Impersonate-User: admin']],
      ['Impersonate-Uid', ['Impersonate-Uid: 0']],
      ['Impersonate-Extra', ['Impersonate-Extra-scopes: all']],
      ['underscores', ['Impersonate_Group: system:masters']],
      ['trailing space in the name', ['Impersonate-Group : system:masters']],
      ['folded value', ['X-A: b', ' Impersonate-Group: system:masters']],
      ['NUL in the name', ['Impersonate-Group\0: system:masters']],
      ['Connection names our headers', ['Connection: Impersonate-User, Authorization']],
      ['Connection in odd case, repeated', ['connection: keep-alive', 'CONNECTION: impersonate-group']],
      ['Connection with an upgrade', ['Connection: Upgrade, Impersonate-User', 'Upgrade: websocket']],
      ['h2c', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']],
      ['both lengths', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
      ['two lengths', ['Content-Length: 0', 'Content-Length: 30']],
      ['odd transfer encoding', ['Transfer-Encoding: xchunked']],
      ['second Host', ['Host: other']],
    ];
    for (const [title, lines] of attacks)
      it(`${title}: refused, nothing reaches the cluster`, async () => {
        const marker = `${own}-${Math.random().toString(36).slice(2)}`;
        const text = `GET ${path}/${marker} HTTP/1.1\r\nHost: local\r\n${lines.join('\r\n')}\r\n\r\n`;
        const answer = await connector.raw(credential, text, 400);
        expect(answer).to.match(/^HTTP\/1\.1 (400|403) /);
        expect(statusOf(answer).message).to.match(/^infra: /);
        expect((await kubernetesAudit(cluster)).filter((event) => event.requestURI.includes(marker))).to.deep.equal([]);
      });

    for (const target of [
      `https://evil${path}`,
      `${path}/../../../../../../api/v1/nodes`,
      `/api/v1//nodes`,
      `/api/v1/namespaces/${own}%2fpods`,
      '*',
    ])
      it(`target ${target.slice(0, 30)}: 400 Status`, async () => {
        const answer = await connector.raw(credential, `GET ${target} HTTP/1.1\r\nHost: local\r\n\r\n`, 400);
        expect(answer).to.match(/^HTTP\/1\.1 400 /);
      });

    it('CONNECT and TRACE are not offered', async () => {
      expect(await connector.raw(credential, `CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n`, 400)).to.match(
        /^HTTP\/1\.1 405 /,
      );
      expect(await connector.raw(credential, `TRACE /api HTTP/1.1\r\nHost: local\r\n\r\n`, 400)).to.match(/^HTTP\/1\.1 400 /);
    });

    it('the body of a chunked DELETE is no second request, whose length some proxies set to 0', async () => {
      const marker = `${own}-smuggled`;
      const smuggled = `GET /api/v1/namespaces/${marker} HTTP/1.1\r\nHost: x\r\n\r\n`;
      const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
      await connector.raw(credential, `DELETE ${path}/none HTTP/1.1\r\nHost: local\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`, 500);
      expect((await kubernetesAudit(cluster)).filter((event) => event.requestURI.includes(marker))).to.deep.equal([]);
    });

    it('an upgrade that the cluster refuses ends the connection: nothing sent after it arrives (security row 6)', async () => {
      const marker = `${own}-after`;
      const upgrade = `GET ${path}?watch=true HTTP/1.1\r\nHost: local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 0\r\n\r\n`;
      await connector.raw(credential, `${upgrade}GET /api/v1/namespaces/${marker} HTTP/1.1\r\nHost: x\r\n\r\n`, 800);
      expect((await kubernetesAudit(cluster)).filter((event) => event.requestURI.includes(marker))).to.deep.equal([]);
    });

    it('another credential beside the certificate changes nobody’s identity', async () => {
      const marker = `${own}-bearer`;
      await connector.request(credential, `${path}/${marker}`, {
        headers: { authorization: 'Bearer abc', cookie: 'a=b', 'x-remote-group': 'system:masters' },
      });
      let seen: KubernetesAuditEvent | undefined;
      await until(
        async () => (seen = (await kubernetesAudit(cluster)).find((event) => event.requestURI.includes(marker))) !== undefined,
        'the audit line',
      );
      expect(seen?.impersonatedUser?.username).to.equal('infra:ana@example.com');
    });
  });

  describe('revocation', () => {
    const opened = async (grants: Parameters<FakeServer['addUser']>[1]) => {
      const user = server.addUser(`u${Math.random().toString(36).slice(2)}@example.com`, grants);
      const theirs = await server.issue(user.id);
      await applied();
      const watch = await connector.watch(theirs, `${path}?watch=true`);
      expect(watch.status).to.equal(200);
      return { user, theirs, watch };
    };
    const endsWithin = async (watch: { closedAt: number | undefined }, since: number) => {
      await until(() => watch.closedAt !== undefined, 'the watch ends', 3000);
      expect(watch.closedAt! - since).to.be.below(1000);
    };

    it('a removed grant ends the watch and is acknowledged with the number of streams (security row 12)', async () => {
      const { user, watch, theirs } = await opened([{ role: 'view', namespace: own }]);
      const since = Date.now();
      server.setGrants(user.id, []);
      await endsWithin(watch, since);
      const acknowledged = () => server.acknowledgements.find((each) => each.kind === 'enforced' && each.revision === server.revision);
      await until(() => acknowledged() !== undefined, 'the acknowledgement');
      expect(acknowledged()?.streamsClosed).to.equal(1);
      const refused = await connector.request(theirs, path);
      expect(statusOf(refused.text)).to.include({
        reason: 'Forbidden',
        message: `infra: ${user.name} has no grant for namespace ${own} in local. Ask an admin for: infra grants add ${user.name} --role view local.${own} (what there is: infra explain ${user.name} local.${own})`,
      });
    });

    it('a removed user, a revoked lease, a lost one of two roles each end the watch', async () => {
      const first = await opened([{ role: 'view', namespace: own }]);
      let since = Date.now();
      server.removeUser(first.user.id);
      await endsWithin(first.watch, since);
      const second = await opened([{ role: 'view', namespace: own }]);
      since = Date.now();
      server.revokeLease(second.theirs.leaseId);
      await endsWithin(second.watch, since);
      const third = await opened([
        { role: 'view', namespace: own },
        { role: 'edit', namespace: own },
      ]);
      since = Date.now();
      server.setGrants(third.user.id, [{ role: 'view', namespace: own }]);
      await endsWithin(third.watch, since);
    });

    it('what does not concern a person leaves their watch open, and so does one of two equal grants', async () => {
      const { user, watch } = await opened([
        { role: 'view', namespace: own },
        { role: 'view', namespace: own, group: 'platform' },
      ]);
      server.addUser('someone@example.com', [{ role: 'view', namespace: own }]);
      server.setGrants(user.id, [{ role: 'view', namespace: own }]);
      await applied();
      expect(watch.closedAt).to.equal(undefined);
      watch.abort();
    });

    it('the end of the session ends the watch', async () => {
      const user = server.addUser('short@example.com', [{ role: 'view', namespace: own }]);
      const theirs = await server.issue(user.id, { sessionLifetime: 1200 });
      await applied();
      const ends = Date.now() + 1200;
      const watch = await connector.watch(theirs, `${path}?watch=true`);
      await until(() => watch.closedAt !== undefined, 'the watch ends', 4000);
      expect(watch.closedAt! - ends).to.be.within(-300, 1000);
    });

    it('kubectl does not outrun a fresh grant: the server is asked before a lease or grant is called unknown', async () => {
      server.announces = false;
      const user = server.addUser('fresh@example.com', [{ role: 'view' }]);
      const theirs = await server.issue(user.id, { unannounced: true });
      expect((await connector.request(theirs, '/version')).status).to.equal(200);
      server.announces = true;
    });
  });

  describe('the access log', () => {
    it('records every request, refused ones too, with who it was in the cluster', async () => {
      await until(() => server.events.some((event) => event.phase === 'stream-closed'), 'stream events');
      await until(() => server.events.some((event) => event.phase === 'refused' && event.reason.includes('has no grant')), 'refusals');
      const completed = server.events.find((event) => event.phase === 'completed' && event.path === selfReview);
      expect(completed).to.include({ identityId: ana.id, impersonatedUser: 'infra:ana@example.com', verb: 'create', status: 201 });
      expect(new Set(server.events.map((event) => event.id)).size).to.equal(server.events.length);
      expect(connector.output).to.not.contain('PRIVATE KEY').and.not.contain(server.joinToken);
    });
  });
});
