/** Credentials besides, or instead of, the certificate: nobody comes in by them, and nobody ever becomes the connector's own account. */
import { expect } from 'chai';
import { controlPlane } from '../support/clusters.ts';
import { statusOf, type ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import type { Terminal } from '../support/infra.ts';
import { newMarker, witnessOf, type Witness } from '../support/upstream-witness.ts';

describe('security of the connector: other credentials', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let ana: Person;
  let client: ConnectorClient;
  let terminal: Terminal;
  let witness: Witness;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'credentials' });
    ana = await guarded.person('ana', { role: 'edit' });
    client = await ana.client();
    witness = witnessOf(guarded, client);
    terminal = await ana.terminal();
    expect((await terminal.kubectl('-n', guarded.namespace, 'get', 'configmaps')).code).to.equal(0);
  });
  after(async () => guarded.stop());

  const flags: readonly (readonly [flags: readonly string[], sentence: RegExp])[] = [
    [['--as=admin'], /infra: .* may not act as admin .*ask an admin for: infra grants add ana@example\.com --role impersonate:user:admin/],
    [['--as=system:serviceaccount:kube-system:default'], /infra: .* may not act as the service account default of kube-system/],
    [['--as=admin', '--as-group=system:masters'], /infra: --as-group may not name system:masters/],
    [['--as=admin', '--as-uid=0'], /infra: .*leave --as-uid and --as-user-extra out/],
    [['--as=infra:ana@example.com'], /infra: --as may not name infra:ana@example\.com/],
  ];
  for (const [as, sentence] of flags)
    it(`row 4: kubectl ${as.join(' ')} is refused with a sentence about it, not run with the caller's rights`, async () => {
      const marker = newMarker();
      const fresh = await ana.terminal();
      const commands = [
        // As the first command ever, before kubectl has learnt what there is.
        [fresh, ['get', 'configmaps', marker]],
        [terminal, ['auth', 'whoami']],
        [terminal, ['get', 'configmaps', marker]],
        [terminal, ['get', 'configmaps', marker, '--watch']],
        [terminal, ['create', 'configmap', marker]],
        [terminal, ['exec', marker, '--', 'id']],
      ] as const;
      for (const [who, command] of commands) {
        const { code, stdout, stderr } = await who.kubectl('-n', guarded.namespace, ...as, ...command);
        expect(code).to.equal(1);
        expect(stdout).to.equal('');
        expect(stderr).to.match(sentence);
      }
      await witness.nothing(marker);
    });

  const basic = `Basic ${Buffer.from('admin:admin').toString('base64')}`;
  const others = (token: string): Readonly<Record<string, readonly string[]>> => ({
    'none at all': [],
    'an empty one': ['Authorization:'],
    'a scheme alone': ['Authorization: Bearer'],
    "the connector's own token": [`Authorization: Bearer ${token}`],
    "the connector's own token in odd case": [`AUTHORIZATION: bEARER ${token}`],
    'a basic one': [`Authorization: ${basic}`],
    'two of them': [`Authorization: ${basic}`, `Authorization: Bearer ${token}`],
    'two in one': [`Authorization: ${basic}, Bearer ${token}`],
    'a cookie': [`Cookie: authorization=${token}`],
    'a proxy credential': [`Proxy-Authorization: Bearer ${token}`],
    'a forwarded certificate': ['X-Forwarded-Client-Cert: Subject="CN=admin,O=system:masters"', 'X-SSL-Client-Verify: SUCCESS'],
  });
  for (const title of Object.keys(others(''))) {
    it(`row 9: without a certificate, with ${title}: 401 Status, nothing reaches the cluster`, async () => {
      const marker = newMarker();
      const headers = others(guarded.account.token)[title] ?? [];
      const [answer] = await guarded
        .client()
        .send(`GET /api/v1/secrets?fieldSelector=metadata.name=${marker} HTTP/1.1\r\n${['Host: local', ...headers].join('\r\n')}\r\n\r\n`);
      expect(answer?.status).to.equal(401);
      expect(statusOf(answer?.body ?? '')).to.include({ kind: 'Status', reason: 'Unauthorized', code: 401 });
      await witness.nothing(marker);
    });

    it(`row 9: with a certificate and ${title}: the person of the certificate`, async () => {
      const marker = newMarker();
      const headers = others(guarded.account.token)[title] ?? [];
      const path = `/api/v1/namespaces/${guarded.namespace}/configmaps/${marker}`;
      const [answer] = await client.send(`GET ${path} HTTP/1.1\r\n${['Host: local', ...headers].join('\r\n')}\r\n\r\n`);
      expect(answer?.status).to.equal(404);
      expect(await witness.seen(marker)).to.have.length(1);
      await witness.onlyAs(ana, marker);
    });
  }

  it('row 9: a token in the subprotocols of a WebSocket is refused', async () => {
    const marker = newMarker();
    const token = Buffer.from(guarded.account.token).toString('base64url');
    const headers = [
      'Host: local',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.${token}, v5.channel.k8s.io`,
    ];
    const path = `/api/v1/namespaces/${guarded.namespace}/pods/${marker}/exec?command=id`;
    const [answer] = await client.send(`GET ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    expect(answer?.status).to.equal(400);
    await witness.nothing(marker);
  });

  it('row 9: a token in the query is worth nothing', async () => {
    const marker = newMarker();
    const path = `/api/v1/secrets?fieldSelector=metadata.name=${marker}&access_token=${guarded.account.token}`;
    expect((await guarded.client().request(path)).status).to.equal(401);
    await witness.nothing(marker);
    expect((await client.request(path)).status).to.equal(403);
    await witness.onlyAs(ana, marker);
  });
});
