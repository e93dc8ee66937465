/** A connector that reaches its server by a company's HTTP proxy alone: enrolment, API and tunnels go through it, and its password goes nowhere else. */
import { join } from 'node:path';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { freePort } from '../support/ports.ts';
import { startProgram, type Program } from '../support/program.ts';
import { startSquid, type Squid } from '../support/squid.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const host = 'broker.behind-the-proxy.test';
const user = 'connector';
const password = 'a:gate/at the@end';
const written = encodeURIComponent(password);

describe('relay: behind an HTTP proxy that asks for a password', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let squid: Squid;
  let serverPort: number;
  let guarded: GuardedCluster;

  before(async () => {
    cluster = await controlPlane();
    serverPort = await freePort();
    squid = await startSquid({ user, password, to: { host, port: serverPort } });
    guarded = await guardCluster({
      cluster,
      name: 'relay-proxy',
      // The name is in its certificate then; this machine cannot resolve it, the proxy can.
      server: { port: serverPort, settings: { 'public-url': `https://${host}:${serverPort}` } },
      connector: {
        reach: 'relay',
        variables: { SERVER: `https://${host}:${serverPort}` },
        env: { HTTPS_PROXY: `http://${user}:${written}@${squid.address}` },
      },
    });
  });
  after(async () => {
    await guarded.stop();
    await squid.stop();
  });

  /** A connector that has enrolled nowhere. */
  const startAnother = async (env: Readonly<Record<string, string>>, server = `https://${host}:${serverPort}`): Promise<Program> => {
    const { joinToken } = await guarded.call(api.destinations.create, { body: { name: `another-${performance.now().toFixed(0)}` } });
    return startProgram({
      program: 'connector',
      env: {
        ...env,
        INFRA_CONNECTOR_SERVER: server,
        INFRA_CONNECTOR_TOKEN: joinToken,
        INFRA_CONNECTOR_STATE_DIR: join(tempDir('infra-connector'), 'state'),
        INFRA_CONNECTOR_KUBECONFIG: cluster.adminKubeconfig,
        INFRA_CONNECTOR_HEALTH_LISTEN: '127.0.0.1:0',
        INFRA_CONNECTOR_RELAY_ONLY: 'on',
      },
    });
  };
  const expectNoSecret = (...texts: readonly string[]): void => {
    for (const form of [
      password,
      written,
      'not-the-password',
      Buffer.from(`${user}:${password}`).toString('base64'),
      Buffer.from(`${user}:not-the-password`).toString('base64'),
    ])
      for (const text of texts) expect(text).to.not.include(form);
  };

  it('a person’s request comes through the relay', async () => {
    const ana = await guarded.person('ana', { role: 'view' });
    const answer = await (await ana.client()).request(`/api/v1/namespaces/${guarded.namespace}/configmaps`);
    expect(answer.status, answer.text).to.equal(200);
  });

  it('a wrong password: the log says what the proxy said, and no password; nothing goes past it', async () => {
    const program = await startAnother({ HTTPS_PROXY: `http://${user}:not-the-password@${squid.address}` });
    const line = await waitFor(
      () =>
        program
          .stdout()
          .split('\n')
          .find((each) => each.includes('no answer from the server yet')),
      {
        within: 15,
        what: 'a line that says why',
      },
    );
    expect(line).to.include('407 Proxy Authentication Required').and.to.include(squid.address);
    await program.end();
    expectNoSecret(program.stdout(), program.stderr());
  });

  it('NO_PROXY: the server is asked for directly, which knows no such name here', async () => {
    const program = await startAnother({
      HTTPS_PROXY: `http://${user}:not-the-password@${squid.address}`,
      NO_PROXY: `localhost,${host}`,
    });
    await waitFor(() => /ENOTFOUND|EAI_AGAIN/.test(program.stdout()), { within: 15, what: 'the name not to be found' });
    await program.end();
    expect(program.stdout(), 'what the proxy would have said').to.not.include('407');
  });

  it('what is no address of a proxy ends the program with a sentence, not in silence and not with the password', async () => {
    for (const wrong of [
      `${user}:${written}@${squid.address}`,
      squid.address,
      `http://${user}:${password}@${squid.address}`,
      `http://${user}:100%@${squid.address}`,
    ]) {
      const program = await startAnother({ HTTPS_PROXY: wrong });
      expect(await program.ended, wrong).to.equal(2);
      expect(program.stderr()).to.include('HTTPS_PROXY must be http://');
      expectNoSecret(program.stdout(), program.stderr());
    }
  });

  it('the proxy saw tunnels to the server’s port by that user, and nothing else passed: not the cluster, and no secret was written down', async () => {
    await guarded.connector.stop();
    await waitFor(() => squid.requests().filter((line) => line.includes(' 200 ')).length >= 4, { within: 10, what: 'its lines' });
    const passed = squid.requests().filter((line) => !/ 407 |^- error:transaction-end-before-headers/.test(line));
    expect([...new Set(passed)]).to.deep.equal([`CONNECT ${host}:${serverPort} 200 ${user}`]);
    expectNoSecret(guarded.connector.program().stdout(), guarded.connector.program().stderr());
  });
});
