/** Trust rules and used tokens, on every database. */
import { expect } from 'chai';
import type { TrustRuleRecord } from '../../server/login/trust-rule-store.ts';
import { at, idOf, userRow, type Storage } from './fresh-database.ts';

const ruleRow = (workloadId: string, issuer: string): TrustRuleRecord => ({
  // Ids of rows made here.
  ...{
    id: idOf<never>('trustRule'),
    workloadId: workloadId as never,
    issuer,
    audience: 'https://infra.example.com',
    claims: { sub: 'a=b' },
  },
  ...{ jwks: '{"keys":[]}', ca: null, sessionSeconds: 600, reusable: true, createdAt: at, createdBy: 'ana', lastUsedAt: null },
});

export function describeWorkloads(storage: () => Storage): void {
  it('a trust rule comes back as it was stored, by its issuer to the letter and by its workload, and keeps it there', async () => {
    const { trustRules, identities } = storage().read;
    const workload = { ...userRow('deploy'), kind: 'workload' as const, id: idOf<never>('workload') };
    await identities.insert(workload);
    const rule = ruleRow(workload.id, 'https://ci.example.com');
    await trustRules.insert(rule);
    await trustRules.insert(ruleRow(workload.id, 'https://ci.example.com/'));
    const stored = { ...rule, workloadName: 'deploy' };
    expect(await trustRules.find(rule.id)).to.deep.equal(stored);
    expect(await trustRules.ofIssuer('https://ci.example.com')).to.deep.equal([stored]);
    expect(await trustRules.ofIssuer('https://CI.example.com')).to.deep.equal([]);
    expect(await trustRules.ofWorkload(workload.id)).to.have.length(2);
    await trustRules.touch(rule.id, at);
    expect((await trustRules.find(rule.id))?.lastUsedAt).to.equal(at);
    expect(await identities.remove(workload.id).catch(() => 'kept')).to.equal('kept');
    await trustRules.remove(rule.id);
    expect(await trustRules.find(rule.id)).to.equal(undefined);
  });

  it('of many who use one token at once one is the first; it is forgotten when it has ended, and unused when its use was taken back', async () => {
    const { read, transact } = storage();
    const use = async () => transact(async ({ usedTokens }) => usedTokens.use('hash', at));
    await transact(async ({ usedTokens }) => {
      await usedTokens.use('hash', at);
      throw new Error('no');
    }).catch(() => undefined);
    expect((await Promise.all([use(), use(), use(), use()])).filter((first) => first)).to.have.length(1);
    await read.usedTokens.prune(at);
    expect(await use()).to.equal(false);
    await read.usedTokens.prune('2099-01-01T00:00:00.000Z');
    expect(await use()).to.equal(true);
  });
}
