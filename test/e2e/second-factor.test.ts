/** A grant that asks for a second factor, at a real cluster with real kubectl: refused with the command, proven, works, and lapses. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import type { Terminal } from '../support/infra.ts';
import { startKubectl } from '../support/long-kubectl.ts';
import { addSecondFactor, type AddedFactor } from '../support/second-factor.ts';
import { waitFor } from '../support/wait-for.ts';

describe('kubectl with a grant that asks for a second factor', function () {
  this.timeout(120_000);
  let guarded: GuardedCluster;
  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'second-factor' });
  });
  after(async () => guarded.stop());

  const get = async (terminal: Terminal) => terminal.kubectl('-n', guarded.namespace, 'get', 'configmaps');
  const grant = async (person: Person, mfaSeconds: number): Promise<void> => {
    const resource = `${guarded.connector.destination.name}.${guarded.namespace}`;
    await guarded.call(api.grants.create, { body: { subject: person.email, role: 'view', resource, mfaSeconds } });
  };
  /** Logged in at a machine of theirs before there was a second factor, so that nothing is proven in that session. */
  async function atWork(name: string, mfaSeconds: number): Promise<{ person: Person; terminal: Terminal; factor: AddedFactor }> {
    const person = await guarded.person(name);
    await grant(person, mfaSeconds);
    const terminal = await person.terminal();
    return { person, terminal, factor: await addSecondFactor(person.call) };
  }
  /** As if it had been proven so long ago, in every session of theirs that has proven one. */
  function age({ id }: Person, seconds: number): void {
    const database = new Sqlite(guarded.server.databaseFile);
    const at = new Date(Date.now() - seconds * 1000).toISOString();
    database.prepare('UPDATE sessions SET mfa_at = ? WHERE identity_id = ? AND mfa_at IS NOT NULL').run(at, id);
    database.close();
  }

  it('is refused with the command that helps, exit code 4 of the plugin; after infra mfa verify it works; it lapses by itself', async () => {
    const { person, terminal, factor } = await atWork('ana', 60);
    const refused = await get(terminal);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include('needs a second factor proven within 1m; run: infra mfa verify');
    expect(refused.stderr).to.include('exit code 4');

    const verified = await terminal.infra(['mfa', 'verify', '--code-stdin'], `${factor.app.next()}\n`);
    expect(verified.code, verified.stderr).to.equal(0);
    // Before anything was issued on it, as if the minute were nearly over.
    age(person, 45);
    await waitFor(async () => (await get(terminal)).code === 0, { within: 10, what: 'kubectl to be let in' });
    const watch = startKubectl(
      { kubeconfig: terminal.kubeconfig, env: terminal.env },
      '-n',
      guarded.namespace,
      'get',
      'configmaps',
      '--watch',
    );
    await waitFor(() => watch.stdout() !== '', { within: 10, what: 'the watch to say something' });
    await waitFor(() => watch.hasEnded(), { within: 20, what: 'the watch to end with the proof' });
    const lapsed = await get(terminal);
    expect(lapsed.code).to.equal(1);
    expect(lapsed.stderr).to.include('run: infra mfa verify');
  });

  it('row 41: the credential that kubectl has goes on after a new proof: nothing is issued anew', async () => {
    const { person, terminal, factor } = await atWork('bea', 900);
    await person.grant({ role: 'view', namespace: 'default' });
    await waitFor(async () => (await terminal.kubectl('-n', 'default', 'get', 'configmaps')).code === 0, {
      within: 20,
      what: 'the grant that asks for none',
    });
    const refused = await get(terminal);
    expect(refused.stderr).to.include(`what ${person.email} is granted for namespace ${guarded.namespace}`);
    expect(refused.stderr).to.include('run: infra mfa verify');
    const leases = async (): Promise<number> => (await person.call(api.leases.list, { query: {} })).items.length;
    const before = await leases();
    expect((await terminal.infra(['mfa', 'verify', '--code-stdin'], `${factor.app.next()}\n`)).code).to.equal(0);
    await waitFor(async () => (await get(terminal)).code === 0, { within: 20, what: 'the grant to hold' });
    expect(await leases()).to.equal(before);
  });
});
