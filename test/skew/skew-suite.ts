/** kubectl and cluster of two minors: what the suites of fidelity compare is the same here too, straight and through infra. */
import { expect } from 'chai';
import { kubernetesVersions } from '../../scripts/kubernetes/obtain-assets.ts';
import type { Releases } from '../fidelity/both-ways.ts';
import { describePods } from '../fidelity/pods-suite.ts';
import { describeReading } from '../fidelity/reading-suite.ts';
import { describeWriting } from '../fidelity/writing-suite.ts';

interface Version {
  readonly gitVersion: string;
}

interface Versions {
  readonly clientVersion: Version;
  readonly serverVersion: Version;
}

export function describeSkew(releases: Releases): void {
  const versions = { kubectl: kubernetesVersions[releases.kubectl], cluster: kubernetesVersions[releases.cluster] };
  const name = (suite: string): string => `skew-${releases.kubectl}-${releases.cluster}-${suite}`;

  describe(`skew: kubectl ${versions.kubectl}, cluster ${versions.cluster}`, function () {
    this.timeout(60_000);

    describe('reading', () => {
      const ways = describeReading({ name: name('read'), releases });

      it('really is of these versions', async () => {
        const { stdout } = await ways.same({ line: 'kubectl version -o json' });
        // kubectl's own shape.
        const { clientVersion, serverVersion } = JSON.parse(stdout) as Versions;
        expect(clientVersion.gitVersion).to.equal(`v${versions.kubectl}`);
        expect(serverVersion.gitVersion).to.equal(`v${versions.cluster}`);
      });
    });
    describe('writing', () => describeWriting({ name: name('write'), releases }));
    describe('pods', () => void describePods({ name: name('pods'), releases }));
  });
}
