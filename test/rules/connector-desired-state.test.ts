import { expect } from 'chai';
import { advance, type KnownState } from '../../connector/broker-link/desired-state-rules.ts';
import { createEventParser } from '../../shared/server-sent-events.ts';
import type { DesiredIdentity, DesiredLease, DesiredState } from '../../shared/api/connectors.ts';
import { newId } from '../../shared/id.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const destination = {
  id: newId('destination', now) as DesiredState['destination']['id'],
  name: 'local',
  predecessors: [],
  stalenessLimitSeconds: 60,
  auditMode: 'required' as const,
  userPrefix: 'infra:',
};
const user = (): DesiredIdentity => ({
  id: newId('user', now) as DesiredIdentity['id'],
  kind: 'user',
  name: 'a@b.c',
  status: 'active',
  grants: [],
});
const leaseOf = (identity: DesiredIdentity): DesiredLease => ({
  id: newId('lease', now) as DesiredLease['id'],
  identityId: identity.id,
  status: 'active',
  expiresAt: new Date(now).toISOString(),
  sessionExpiresAt: new Date(now).toISOString(),
});
const common = { epoch: 'e1', serverTime: new Date(now).toISOString(), destination };
const full = (revision: number, identities: DesiredIdentity[], leases: DesiredLease[] = [], epoch = 'e1'): DesiredState => ({
  ...common,
  kind: 'full',
  epoch,
  revision,
  identities,
  leases,
});
const delta = (since: number, revision: number, more: Partial<Extract<DesiredState, { kind: 'delta' }>> = {}): DesiredState => ({
  ...common,
  kind: 'delta',
  since,
  revision,
  identities: [],
  removedIdentities: [],
  leases: [],
  removedLeases: [],
  ...more,
});
function known(state: DesiredState, before?: KnownState): KnownState {
  const result = advance(before, state);
  if (result.kind !== 'advanced') throw new Error(result.kind);
  return result.state;
}

describe('connector rule: desired state', () => {
  it('a delta without a beginning, of another epoch, or past a gap asks for the whole', () => {
    const state = known(full(5, []));
    expect(advance(undefined, delta(5, 6)).kind).to.equal('gap');
    expect(advance(state, { ...delta(5, 6), epoch: 'e2' }).kind).to.equal('gap');
    expect(advance(state, delta(6, 7)).kind).to.equal('gap');
  });

  it('late and repeated answers change nothing', () => {
    const state = known(full(5, []));
    expect(advance(state, delta(3, 4, { identities: [user()] })).kind).to.equal('unchanged');
    expect(advance(state, delta(5, 5)).kind).to.equal('unchanged');
    expect(advance(state, full(4, [user()])).kind).to.equal('unchanged');
  });

  it('a new epoch is taken even when its revision is lower (security row 38)', () => {
    const state = known(full(5, [user()]));
    const result = advance(state, full(1, [], [], 'e2'));
    expect(result).to.deep.include({ kind: 'advanced', touched: 'all' });
  });

  it('a delta replaces what it names, drops what it removes, and tells whom it touches', () => {
    const [ana, bo] = [user(), user()];
    const [anas, bos] = [leaseOf(ana), leaseOf(bo)];
    const state = known(full(5, [ana, bo], [anas, bos]));
    const result = advance(
      state,
      delta(4, 6, { removedIdentities: [ana.id], leases: [{ ...bos, status: 'revoked' }], removedLeases: [anas.id] }),
    );
    if (result.kind !== 'advanced') throw new Error(result.kind);
    expect([...result.state.identities.keys()]).to.deep.equal([bo.id]);
    expect([...result.state.leases.values()]).to.deep.equal([{ ...bos, status: 'revoked' }]);
    expect(result.touched).to.deep.equal(new Set([ana.id, bo.id]));
    expect(state.identities.size).to.equal(2);
  });

  it('a changed setting touches everybody', () => {
    const state = known(full(5, []));
    expect(advance(state, { ...delta(5, 6), destination: { ...destination, userPrefix: 'corp:' } })).to.deep.include({ touched: 'all' });
  });
});

describe('connector rule: server-sent events', () => {
  it('reads events torn anywhere, with any line end, and ignores comments', () => {
    const text = ': hello\n\nevent: change\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata: x\n\n';
    for (let cut = 0; cut <= text.length; cut += 1) {
      const parser = createEventParser();
      const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
      expect(events, `cut at ${cut}`).to.deep.equal([
        { name: 'change', data: '{"a":\n1}' },
        { name: 'message', data: 'x' },
      ]);
    }
  });

  it('does not collect a line without end', () => {
    const parser = createEventParser();
    expect(() => {
      for (let index = 0; index < 20; index += 1) parser.push('x'.repeat(100_000));
    }).to.throw('without end');
  });
});
