/** The small forms of the soak's `execs` and `mixed`: much at once, for a short while. */
import { expect } from 'chai';
import { startPodSetting, type PodSetting } from '../bench/pod-setting.ts';
import { execsAtOnce } from '../soak/execs.ts';
import { mixedLoad } from '../soak/mixed-load.ts';
import { noWholeCluster } from '../support/clusters.ts';

describe('much at once through infra', function () {
  this.timeout(180_000);
  let setting: PodSetting;

  before(async function () {
    if (noWholeCluster !== undefined) this.skip();
    setting = await startPodSetting('mixed-test');
  });
  // Undefined where the suite was skipped.
  after(async () => (setting as PodSetting | undefined)?.stop());

  it('twenty execs at once each get their own bytes and their own exit code', async () => {
    expect(await execsAtOnce(setting.ways.plugin, setting.pod, 20)).to.deep.equal([]);
  });

  it('half a minute of everything, while rights come and go: nothing fails', async () => {
    const { rounds, faults } = await mixedLoad(setting, 30);
    expect(faults).to.deep.equal([]);
    expect(Object.keys(rounds)).to.have.members(['gets', 'watches', 'execs', 'forwards', 'applies', 'revocations']);
  });
});
