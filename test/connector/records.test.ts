/** Access log lines that nobody takes: a destination that demands them refuses, one that does not drops the oldest and says how many (security.md row 35). */
import { expect } from 'chai';
import { renameSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { limitFileSize } from './file-size-limit.ts';
import { onePerson } from './one-person.ts';
import { until } from './running-connector.ts';

describe('connector: records that cannot be kept', function () {
  this.timeout(90_000);
  const scene = onePerson('records');
  const smallSpool = { INFRA_CONNECTOR_AUDIT_SPOOL_MEGABYTES: '1', INFRA_CONNECTOR_LIMITS_REQUESTS_PER_SECOND: '1000000' };

  /** Requests, several at a time over kept connections, with as long a record as there can be; their answers, counted by status. */
  async function ask(count: number, enough: (statuses: Map<number, number>) => boolean = () => false): Promise<Map<number, number>> {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const statuses = new Map<number, number>();
    let begun = 0;
    const one = async (): Promise<void> => {
      while (begun < count && !enough(statuses)) {
        begun += 1;
        const { status } = await scene.connector
          .request(scene.credential, scene.path, { agent, headers: { 'user-agent': 'x'.repeat(300) } })
          // Under way when everything was ended.
          .catch(() => ({ status: 0 }));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 8 }, one));
    agent.destroy();
    return statuses;
  }
  const refused = (statuses: Map<number, number>): boolean => (statuses.get(503) ?? 0) >= 20;
  const recorded = (): number =>
    scene.server.events.filter(
      ({ path: recordedPath, verb, phase }) =>
        recordedPath === scene.path && verb !== 'watch' && (phase === 'completed' || phase === 'stream-closed'),
    ).length;

  it('required: with the spool full it refuses in words and ends what is open, loses no line, and goes on when the server is back', async () => {
    await scene.start(smallSpool);
    const watch = await scene.connector.watch(scene.credential, `${scene.path}?watch=true`);
    const before = 1 + recorded();
    await scene.server.stop();
    const statuses = await ask(5000, refused);
    expect([...statuses.keys()]).to.include.members([200, 503]);
    expect(statuses.get(0) ?? 0).to.be.at.most(8);
    const answer = await scene.connector.request(scene.credential, scene.path);
    expect(answer.status).to.equal(503);
    expect(JSON.parse(answer.text)).to.include({ kind: 'Status', reason: 'ServiceUnavailable' });
    expect(answer.text).to.include('must be recorded');
    await until(() => watch.closedAt !== undefined, 'the watch ends');
    await scene.server.listen();
    await until(async () => (await scene.connector.request(scene.credential, scene.path)).status === 200, 'it serves again', 20_000);
    await until(() => recorded() > (statuses.get(200) ?? 0) + before, 'every line', 20_000);
    const closed = scene.server.events.filter(({ phase }) => phase === 'stream-closed');
    expect(closed.map(({ reason }) => reason).join()).to.include('the audit spool is full');
    expect(new Set(scene.server.events.map(({ id }) => id)).size).to.be.at.least(recorded());
  });

  it('required: refusals alone cannot fill the disk, and it says how many were not written', async () => {
    await scene.start(smallSpool);
    await scene.server.stop();
    await ask(5000, refused);
    const statuses = await ask(1500);
    expect([...statuses.keys()]).to.deep.equal([503]);
    await scene.server.listen();
    const told = (): number =>
      scene.server.events
        .map(({ reason }) => /^(\d+) access log lines were dropped/.exec(reason)?.[1])
        .reduce((sum, count) => sum + Number(count ?? 0), 0);
    await until(() => told() > 0, 'the number of lines dropped', 20_000);
    expect(told()).to.be.below(1500);
  });

  it('required: with a disk that takes nothing it refuses, and goes on when the disk is back', async () => {
    await scene.start(smallSpool);
    await scene.server.stop();
    const spool = join(scene.connector.stateDir, 'audit');
    renameSync(spool, `${spool}-away`);
    // What was open goes on being written until its segment is full.
    const statuses = await ask(2000, refused);
    expect(statuses.get(503) ?? 0).to.be.at.least(20);
    renameSync(`${spool}-away`, spool);
    await until(async () => (await scene.connector.request(scene.credential, scene.path)).status === 200, 'it serves again');
    await scene.server.listen();
    await until(() => recorded() > (statuses.get(200) ?? 0), 'every line', 20_000);
  });

  it('required: a disk that fills up in the middle of a line tears none, and what was refused meanwhile is said', async function () {
    if (process.platform !== 'linux') this.skip();
    await scene.start(smallSpool);
    await scene.server.stop();
    const before = recorded();
    // As a full disk does, the limit takes the beginning of what does not fit.
    limitFileSize(scene.connector.pid, 30_001);
    const statuses = await ask(2000, refused);
    expect(statuses.get(503) ?? 0).to.be.at.least(20);
    limitFileSize(scene.connector.pid, 'unlimited');
    await until(async () => (await scene.connector.request(scene.credential, scene.path)).status === 200, 'it serves again');
    await scene.server.listen();
    await until(() => recorded() >= before + (statuses.get(200) ?? 0) + 1, 'every line', 20_000);
    // In lines of their own, or as a number where these could not be kept either; it may come after what was let through since.
    const isToldOf = ({ phase, status, reason }: (typeof scene.server.events)[number]): boolean =>
      (phase === 'refused' && status === 503) || reason.includes('access log lines were dropped');
    await until(() => scene.server.events.some(isToldOf), 'a line of what was refused', 20_000);
    expect(scene.connector.output).to.not.contain('cannot be read');
  });

  it('bestEffort: it drops the oldest, lets people go on, and says how many', async () => {
    scene.server.settings = { ...scene.server.settings, auditMode: 'bestEffort' };
    await scene.start(smallSpool);
    await scene.server.stop();
    const statuses = await ask(2500);
    expect([...statuses.keys()]).to.deep.equal([200]);
    await scene.server.listen();
    await until(() => scene.server.events.some(({ reason }) => reason.includes('were dropped')), 'the number of lines dropped', 20_000);
    const dropped = scene.server.events
      .map(({ reason }) => Number(/^(\d+) access log lines/.exec(reason)?.[1] ?? 0))
      .reduce((a, b) => a + b);
    await until(() => recorded() + dropped >= 2500, 'every other line', 20_000);
    expect(dropped).to.be.within(500, 2000);
  });
});
