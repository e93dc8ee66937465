/** What wants a hand, when, and what it is told to do. */
import { expect } from 'chai';
import { isOlderVersion } from '../../server/overview/version-rules.ts';
import {
  adminWants,
  authorityWants,
  destinationCounts,
  destinationWants,
  inOrder,
  scimTokenWants,
  syncWant,
  type ConnectorFact,
} from '../../server/overview/want-rules.ts';
import type { Want } from '../../shared/api/overview.ts';

const now = Date.parse('2026-01-31T12:00:00.000Z');
const day = 86_400_000;
const at = (days: number): string => new Date(now + days * day).toISOString();

describe('server rule: what wants a hand', () => {
  const connector = (change: Partial<ConnectorFact> = {}): ConnectorFact => ({
    ...{ version: '1.2.0', online: true, lastSeenAt: at(0), refusesFrom: now + day },
    ...change,
  });
  const destination = (...connectors: readonly ConnectorFact[]) => ({ id: 'dst_1', name: 'prod', connectors });
  const kinds = (wants: readonly Want[]): string[] => wants.map(({ kind, severity }) => `${kind} ${severity}`);

  const away = connector({ online: false, lastSeenAt: at(-1) });
  for (const [what, connectors, expected] of [
    ['in contact', [connector()], []],
    ['without a connector', [], ['connector-never soon']],
    ['whose connector was enrolled and never heard of', [connector({ online: false, lastSeenAt: null })], ['connector-never soon']],
    ['whose connector is away', [away], ['connector-offline now']],
    ['whose connector is away for too long', [{ ...away, refusesFrom: now }], ['connector-stale now']],
    ['with one of two in contact', [away, connector()], []],
    ['with an older connector', [connector({ version: '1.1.9' })], ['connector-outdated soon']],
    ['with a newer connector', [connector({ version: '1.3.0' })], []],
    ['with a connector of no version', [connector({ version: 'test' })], []],
    ['away and old', [{ ...away, version: '1.1.0' }], ['connector-offline now', 'connector-outdated soon']],
  ] as const)
    it(`of a destination ${what}: ${expected.join(', ') || 'nothing'}`, () =>
      expect(kinds(destinationWants(destination(...connectors), '1.2.0', now))).to.deep.equal(expected));

  it('destinations are counted once each', () => {
    const all = [destination(), destination(connector(), away), destination(away), destination(away, away)];
    expect(destinationCounts(all)).to.deep.equal({ total: 4, online: 1, offline: 2, never: 1 });
  });

  for (const [older, newer] of [
    ['0.1.0', '0.2.0'],
    ['1.9.2', '1.10.0'],
    ['v1.0.0', '1.0.1'],
    ['1.0.0-rc.1', '1.0.1'],
  ] as const)
    it(`${older} is older than ${newer}, and not the other way`, () =>
      expect([isOlderVersion(older, newer), isOlderVersion(newer, older), isOlderVersion(older, older)]).to.deep.equal([
        true,
        false,
        false,
      ]));
  it('what is no version is not older than any', () => {
    for (const text of ['', 'test', '1.2', '1.2.3.4', '99999999999.0.0']) expect(isOlderVersion(text, '9.9.9'), text).to.equal(false);
  });

  const token = (id: string, provider: string, days: number) => ({
    ...{ id, name: provider, endsAt: at(days) },
    provider: { id: provider, name: provider },
  });
  for (const [what, tokens, expected] of [
    ['one far off', [token('a', 'okta', 15)], []],
    ['one that ends within two weeks', [token('a', 'okta', 13)], ['scim-token-ending soon']],
    ['one that ends within a day', [token('a', 'okta', 0.5)], ['scim-token-ending now']],
    ['one that has ended', [token('a', 'okta', -1)], ['scim-token-ending now']],
    ['one beside its successor', [token('a', 'okta', 1), token('b', 'okta', 300)], []],
    ['one beside another provider’s', [token('a', 'okta', 2), token('b', 'azure', 300)], ['scim-token-ending soon']],
  ] as const)
    it(`of SCIM tokens, ${what}: ${expected.join(', ') || 'nothing'}`, () =>
      expect(kinds(scimTokenWants(tokens, now))).to.deep.equal(expected));

  it('of certificates those that end within thirty days', () => {
    const authority = (days: number) => ({ id: 'aut_1', name: 'infra root', kind: 'root' as const, endsAt: at(days) });
    expect(kinds(authorityWants([authority(31)], now))).to.deep.equal([]);
    expect(kinds(authorityWants([authority(29)], now))).to.deep.equal(['authority-ending soon']);
    expect(kinds(authorityWants([authority(-1)], now))).to.deep.equal(['authority-ending now']);
  });

  it('of admins one who stands alone, and none at all', () => {
    expect([0, 1, 2].map((admins) => kinds(adminWants(admins)))).to.deep.equal([['setup-pending now'], ['second-admin-missing soon'], []]);
  });

  it('of providers those that cannot be asked, worse when about nobody', () => {
    const sync = (failing: number) =>
      syncWant({ provider: { id: 'idp_1', name: 'okta' }, accounts: 3, failing, lastFailure: 'okta cannot be reached.' });
    expect([sync(1).severity, sync(3).severity]).to.deep.equal(['soon', 'now']);
    expect(sync(1).sentence).to.equal('okta could not be asked about 1 of 3 people the last time: okta cannot be reached.');
  });

  it('are told the most pressing first, twenty of a kind at most', () => {
    const many = Array.from({ length: 30 }, () => destinationWants(destination(), '1.2.0', now)).flat();
    const told = inOrder([...adminWants(1), ...many, ...destinationWants(destination(away), '1.2.0', now)]);
    expect(told).to.have.length(22);
    expect([told[0]?.kind, told[1]?.kind, told.at(-1)?.kind]).to.deep.equal([
      'connector-offline',
      'connector-never',
      'second-admin-missing',
    ]);
  });
});
