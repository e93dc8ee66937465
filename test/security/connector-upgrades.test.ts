/** Upgrades that end in a refusal, and the ways around exec: proxy subresources in every spelling. */
import { expect } from 'chai';
import { controlPlane } from '../support/clusters.ts';
import { converse, statusOf, type ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newMarker, witnessOf, type Witness } from '../support/upstream-witness.ts';
import { waitFor } from '../support/wait-for.ts';

describe('security of the connector: upgrades and proxy subresources', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let reader: Person;
  let client: ConnectorClient;
  let powerful: ConnectorClient;
  let witness: Witness;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'upgrades' });
    reader = await guarded.person('reader', { role: 'view', namespace: null });
    client = await reader.client();
    powerful = await (await guarded.person('powerful', { role: 'cluster-admin', namespace: null })).client();
    witness = witnessOf(guarded, client);
  });
  after(async () => guarded.stop());

  const webSocket =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
  const spdy = 'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n';
  const exec = (): string => `/api/v1/namespaces/${guarded.namespace}/pods/none/exec?command=id&stdout=true`;
  const refused: Readonly<Record<string, () => string>> = {
    'by RBAC, over WebSocket': () => `GET ${exec()} HTTP/1.1\r\nHost: local\r\n${webSocket}\r\n`,
    'by RBAC, over SPDY': () => `POST ${exec()} HTTP/1.1\r\nHost: local\r\n${spdy}\r\n`,
    'because the path knows no upgrade': () => `GET /api/v1/namespaces HTTP/1.1\r\nHost: local\r\n${webSocket}\r\n`,
    'for a broken handshake': () => `GET ${exec()} HTTP/1.1\r\nHost: local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    'by infra, for its headers': () => `GET ${exec()} HTTP/1.1\r\nHost: local\r\nImpersonate-User: admin\r\n${webSocket}\r\n`,
    'by infra, for its protocol': () => `GET ${exec()} HTTP/1.1\r\nHost: local\r\nConnection: Upgrade\r\nUpgrade: smtp\r\n\r\n`,
  };
  for (const [title, upgrade] of Object.entries(refused))
    it(`row 6: an upgrade refused ${title}: a second request on the connection never reaches the cluster`, async () => {
      const marker = newMarker();
      const second = `GET /api/v1/secrets?fieldSelector=metadata.name=${marker} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n`;
      const [pipelined, patient] = [await client.connect(), await client.connect()];
      const [first, other] = [converse(pipelined), converse(patient)];
      pipelined.write(upgrade() + second);
      patient.write(upgrade());
      const answers = await other.answers(1);
      patient.write(second);
      await waitFor(() => first.hasEnded() && other.hasEnded(), { within: 10, what: 'both connections to be closed' });
      for (const { status } of [...answers, ...(await first.answers(1))]) expect(status).to.be.oneOf([200, 400, 403]);
      await witness.nothing(marker);
    });

  const forms: readonly string[] = [
    '/api/v1/nodes/NAME/proxy/',
    '/api/v1/nodes/NAME:10250/proxy/run/kube-system/pod/c',
    '/api/v1/nodes/https:NAME:10250/proxy/metrics',
    '/api/v1/nodes/NAME/%70roxy/metrics',
    '/api/v1/%6eodes/NAME/proxy/metrics',
    '/api/v1/nodes/NAME/proxy/exec/ns/pod/c?command=id&output=1',
    '/api/v1/namespaces/NS/pods/NAME/proxy/',
    '/api/v1/namespaces/NS/pods/https:NAME:443/proxy/x',
    '/api/v1/namespaces/NS/pods/NAME/prox%79/x',
    '/api/v1/namespaces/NS/services/NAME/proxy/',
    '/api/v1/namespaces/NS/services/http:NAME:web/proxy/x?y=z',
    '/api/v1/namespaces/NS/%73ervices/NAME/proxy/x',
    '/api/v1/namespaces/NS/pods/NAME/exec?command=id',
    '/api/v1/namespaces/NS/pods/NAME/attach?stdout=1',
    '/api/v1/namespaces/NS/pods/NAME/portforward?ports=80',
  ];
  for (const form of forms)
    it(`row 8: ${form}: a reader is refused by RBAC as the reader, with every method and by upgrade`, async () => {
      const marker = newMarker();
      const path = form.replace('NAME', marker).replace('NS', guarded.namespace);
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const answer = await client.request(path, { method });
        expect(answer.status, `${method}: ${answer.text}`).to.be.oneOf([403, 405]);
      }
      for (const upgrade of [webSocket, spdy]) {
        const [answer] = await client.send(`GET ${path} HTTP/1.1\r\nHost: local\r\n${upgrade}\r\n`);
        expect(answer?.status, answer?.body).to.equal(403);
      }
      const seen = await witness.seen(marker);
      expect(seen).to.not.be.empty;
      for (const event of seen) expect(event.responseStatus?.code).to.be.oneOf([403, 405]);
      await witness.onlyAs(reader, marker);
      // The form is a real one: whoever may do so gets past RBAC.
      expect((await powerful.request(path)).status).to.not.equal(403);
    });

  for (const path of [
    '/api/v1/proxy/nodes/NAME/metrics',
    '/api/v1/proxy/namespaces/NS/pods/NAME/x',
    '/api/v1/nodes%2fNAME%2fproxy%2fmetrics',
    '/api/v1/nodes/NAME%2fproxy/metrics',
    '/api/v1/namespaces/NS/pods/NAME/log/../proxy/x',
    '/api/v1/namespaces/NS/pods/NAME/log/%2e%2e/proxy/x',
    '/api/v1/nodes/NAME//proxy/metrics',
    '/api//v1/nodes/NAME/proxy/metrics',
    '/api/v1/nodes/NAME/proxy;a=b/metrics',
    '/api/v1/nodes\\NAME\\proxy',
    '/%61pi/v1/nodes/NAME/proxy/%2E%2E/%2E%2E/metrics',
    'https://local/api/v1/nodes/NAME/proxy/metrics',
  ])
    it(`row 8: ${path}: refused, or passed on as it is and refused there`, async () => {
      const marker = newMarker();
      const target = path.replace('NAME', marker).replace('NS', guarded.namespace);
      const [answer] = await client.send(`GET ${target} HTTP/1.1\r\nHost: local\r\n\r\n`);
      expect(answer?.status, answer?.body).to.be.oneOf([400, 403, 404]);
      if (answer?.status === 400) expect(statusOf(answer.body).message).to.match(/^infra: /);
      for (const event of await witness.seen(marker)) expect(event.requestURI).to.equal(target);
      await witness.onlyAs(reader, marker);
    });
});
