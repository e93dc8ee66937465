/** The proof that each defence is one, and that its test sees it: with all of them every attack is refused, without any single one its attack succeeds. */
import { expect } from 'chai';
import type { Attack, Cut, Defence, Verdict } from './defence.ts';
import { buildWithout } from './mutated-build.ts';
import { startStage, type Stage } from './stage.ts';

export function describeDefences(title: string, defences: readonly Defence[]): void {
  describe(`defences of the connector: ${title}`, function () {
    this.timeout(60_000);

    describe('with all of them', () => {
      const stages = new Map<string, Stage>();
      after(async () => void (await Promise.all([...stages.values()].map(async (stage) => stage.stop()))));
      // Those that leave nothing for others come last.
      for (const { name, row, attack } of defences.toSorted(
        (one, other) => Number(one.attack.isLast ?? false) - Number(other.attack.isLast ?? false),
      ))
        it(`row ${row}: ${name}: the attack is refused`, async () => {
          const key = attack.isLast === true ? name : JSON.stringify(attack.settings ?? {});
          const stage = stages.get(key) ?? (await startStage({ ...attack, expected: 'held' }));
          stages.set(key, stage);
          expect(await attack.on(stage)).to.equal('held');
        });
    });

    for (const { name, row, cut, behind = [], attack } of defences) {
      if (behind.length > 0)
        it(`row ${row}: ${name}: it alone refuses the attack, without what stands before it`, async () => {
          expect(await attackWithout(behind, attack, 'held')).to.equal('held');
        });
      it(`row ${row}: without "${name}" the attack succeeds`, async () => {
        expect(
          await attackWithout([...behind, cut], attack, 'broken'),
          'the defence is gone and nothing shows it: the attack must be one that only it refuses',
        ).to.equal('broken');
      });
    }
  });
}

async function attackWithout(cuts: readonly Cut[], attack: Attack, expected: Verdict): Promise<Verdict> {
  const stage = await startStage({ ...attack, expected, program: buildWithout(cuts) });
  try {
    return await attack.on(stage);
  } finally {
    await stage.stop();
  }
}
