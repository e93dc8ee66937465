/** Defences of the server: taken out of the built program one by one, each attack succeeds. */
import { expect } from 'chai';
import { federationStage, type FederationStage } from '../security/federation-stage.ts';
import type { Cut, Verdict } from './defence.ts';
import { buildWithout } from './mutated-build.ts';

export interface ServerDefence<Stage = FederationStage> {
  readonly name: string;
  /** Of docs/threat-model.md. */
  readonly row: number;
  readonly cut: Cut;
  /** What refuses the same attack besides: taken away too. */
  readonly behind?: readonly Cut[];
  readonly attack: (stage: Stage) => Promise<Verdict>;
}

export const succeeds = async (work: Promise<unknown>): Promise<Verdict> =>
  work.then(
    () => 'broken' as const,
    () => 'held' as const,
  );

export const describeServerDefences = (title: string, defences: readonly ServerDefence[]): void =>
  describeDefencesOn(title, async (main) => federationStage({ groupsClaim: 'groups' }, main), defences);

/** On a stage of their own, with the server's main.js when it is another than the one that was built. */
export function describeDefencesOn<Stage extends { stop(): Promise<unknown> }>(
  title: string,
  open: (main: string | undefined) => Promise<Stage>,
  defences: readonly ServerDefence<Stage>[],
): void {
  describe(`defences of the server: ${title}`, function () {
    this.timeout(60_000);

    const verdict = async ({ attack }: ServerDefence<Stage>, cuts: readonly Cut[]): Promise<Verdict> => {
      const stage = await open(cuts.length === 0 ? undefined : buildWithout(cuts, 'server'));
      try {
        return await attack(stage);
      } finally {
        await stage.stop();
      }
    };
    for (const defence of defences) {
      const { name, row, cut, behind = [] } = defence;
      it(`row ${row}: ${name}: the attack is refused`, async () => {
        expect(await verdict(defence, behind)).to.equal('held');
      });
      it(`row ${row}: without "${name}" the attack succeeds`, async () => {
        expect(await verdict(defence, [...behind, cut])).to.equal('broken');
      });
    }
  });
}
