/** What a grant gives of what somebody asks about, and the sentence for it. */
import { expect } from 'chai';
import { gives } from '../../server/grants/explain-rules.ts';
import { explainInWords } from '../../server/grants/explain-words.ts';
import type { Chain } from '../../shared/api/explanations.ts';

describe('server rule: explaining', () => {
  const onCluster = (role: string | undefined, namespace?: string) => ({ role, namespace, isServer: false });
  for (const [held, namespace, asked, outcome] of [
    ['view', null, onCluster('view'), 'all'],
    ['view', null, onCluster('view', 'web'), 'all'],
    ['view', 'web', onCluster('view', 'web'), 'all'],
    ['view', 'web', onCluster('view'), 'part'],
    ['view', 'web', onCluster('view', 'api'), undefined],
    ['cluster-admin', 'web', onCluster('edit', 'web'), 'all'],
    ['edit', null, onCluster('view'), 'all'],
    ['view', null, onCluster('edit'), undefined],
    ['pod-reader', null, onCluster('view'), undefined],
    ['pod-reader', null, onCluster('pod-reader'), 'all'],
    ['cluster-admin', null, onCluster('pod-reader'), undefined],
    ['pod-reader', null, onCluster(undefined), 'all'],
    ['impersonate:user:bob', null, onCluster(undefined), 'part'],
    ['impersonate:user:bob', null, onCluster('impersonate:user:bob'), 'all'],
    ['admin', null, { role: 'view', namespace: undefined, isServer: true }, 'all'],
    ['view', null, { role: 'admin', namespace: undefined, isServer: true }, undefined],
    ['cluster-admin', null, { role: 'view', namespace: undefined, isServer: true }, undefined],
  ] as const)
    it(`${held} ${namespace === null ? 'everywhere' : `in ${namespace}`} gives ${outcome ?? 'nothing'} of ${asked.role ?? 'anything'} ${asked.namespace === undefined ? 'everywhere' : `in ${asked.namespace}`}${asked.isServer ? ' on infra' : ''}`, () =>
      expect(gives({ role: held, namespace }, asked)).to.equal(outcome));

  const chain = (change: Partial<Chain> = {}): Chain => ({
    grant: {
      id: 'grt_1' as never,
      role: 'edit',
      resource: 'prod',
      until: null,
      mfaSeconds: null,
      reason: null,
      createdAt: '',
      createdBy: 'root',
    },
    ...{ group: null, gives: 'all', conditions: [], counts: true, clusterGroup: null, state: { state: 'applied', reason: null, at: null } },
    ...change,
  });
  const words = (...chains: readonly Chain[]): string =>
    explainInWords({ name: 'ana@example.com', role: 'view', resource: 'prod', chains });

  it('says by what somebody holds it', () => {
    expect(words(chain())).to.equal('ana@example.com holds view on prod: edit on prod.');
    expect(words(chain({ group: { name: 'okta/crew', provider: 'okta' } }))).to.equal(
      'ana@example.com holds view on prod: edit on prod through group okta/crew.',
    );
    expect(words(chain(), chain(), chain(), chain())).to.match(/ and 1 more\.$/);
  });

  it('says what keeps a grant from counting, or what is missing', () => {
    const blocked = chain({ counts: false, conditions: [{ condition: 'active', holds: false, detail: 'is disabled' }] });
    expect(words(blocked)).to.equal('ana@example.com is granted it, but is disabled.');
    const remedy = 'Ask an admin for: infra grants add ana@example.com --role view prod';
    expect(words(chain({ gives: 'part' }))).to.equal(`ana@example.com has only a part of it: edit on prod. ${remedy}`);
    expect(words()).to.equal(`ana@example.com has no grant that gives view on prod. ${remedy}`);
  });
});
