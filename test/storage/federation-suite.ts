/** Providers, accounts and logins under way, on every database. */
import { expect } from 'chai';
import type { Account } from '../../server/identity/account-store.ts';
import type { Provider } from '../../server/identity/provider-store.ts';
import type { SessionRecord } from '../../server/login/session-store.ts';
import { isUniqueViolation } from '../../server/storage/constraint-errors.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { at, groupRow, idOf, userRow, type Storage } from './fresh-database.ts';

export const providerRow = (name: string): Provider => ({
  ...{
    id: idOf<never>('provider'),
    name,
    kind: 'oidc',
    issuer: 'https://login.example.com',
    clientId: 'infra',
    clientKey: null,
    groupsClaim: null,
    directory: null,
  },
  ...{
    emailDomains: ['example.com', 'example.org'],
    scopes: ['openid'],
    createUsers: true,
    linkUsers: false,
    trustMfa: false,
    syncMinutes: null,
    status: 'active',
  },
  ...{ createdAt: at, updatedAt: at },
});
export const accountRow = (providerId: string, identityId: string, subject: string): Account => ({
  // Ids of rows made here.
  ...{ id: idOf<never>('account'), providerId: providerId as never, identityId: identityId as never, subject, email: 'ana@example.com' },
  ...{ state: 'active', groupsRead: null, groupsAt: null, claims: null, createdAt: at, lastLoginAt: at },
});
const later = '2099-01-01T00:00:00.000Z';
const sessionRow = (id: SessionRecord['id'], identityId: SessionRecord['identityId']): SessionRecord => ({
  ...{ id, identityId, method: 'provider', accessKeyId: null, accountId: null, createdAt: at, expiresAt: '2100-01-01T00:00:00.000Z' },
  ...{
    client: 'program',
    idleSeconds: null,
    mfaAt: null,
    trustRuleId: null,
    lastUsedAt: at,
    endedAt: null,
    sourceAddress: '127.0.0.1',
    userAgent: 'test',
  },
});

export function describeFederation(storage: () => Storage): void {
  it('a provider comes back as it was stored, without its secret', async () => {
    const { providers } = storage().read;
    const directory = { of: 'entra', emailClaim: 'upn', groupNames: 'ids' } as const;
    const okta = {
      ...providerRow('okta'),
      groupsClaim: 'a.b',
      directory,
      linkUsers: true,
      trustMfa: true,
      syncMinutes: 15,
      status: 'disabled' as const,
    };
    await providers.insert(okta, { clientSecret: 'sealed', serviceAccountKey: 'sealed key' });
    expect(await providers.find(okta.id)).to.deep.equal(okta);
    expect(await providers.findByName('okta')).to.deep.equal(okta);
    expect(await providers.active()).to.deep.equal([]);
    await providers.update({ ...okta, status: 'active' }, {});
    expect(await providers.sealedClientSecret(okta.id)).to.equal('sealed');
    expect(await providers.sealedServiceAccountKey(okta.id)).to.equal('sealed key');
    expect(await providers.insert(providerRow('okta'), { clientSecret: 'other' }).catch((error: unknown) => error)).to.be.instanceOf(
      DomainError,
    );
  });

  it('an account is one of (provider, subject), and one subject may be at two providers', async () => {
    const { providers, accounts, identities } = storage().read;
    const [one, two, ana] = [providerRow('one'), providerRow('two'), userRow('ana@example.com')];
    await providers.insert(one, { clientSecret: 'x' });
    await providers.insert(two, { clientSecret: 'x' });
    await identities.insert(ana);
    const account = accountRow(one.id, ana.id, 'ana');
    await accounts.insert(account);
    await accounts.insert(accountRow(two.id, ana.id, 'ana'));
    expect(isUniqueViolation(await accounts.insert(accountRow(one.id, ana.id, 'ana')).catch((error: unknown) => error))).to.equal(true);
    expect(await accounts.findBySubject(one.id, 'ana')).to.deep.equal(account);
    expect(await accounts.findBySubject(one.id, 'ANA')).to.equal(undefined);
    expect(await accounts.ofIdentity(ana.id)).to.have.length(2);
    await accounts.endOfProvider(one.id);
    expect((await accounts.find(account.id))?.state).to.equal('ended');
    await accounts.loggedIn(account.id, { email: 'new@example.com', claims: { sub: 'ana' }, at: later });
    await accounts.groupsTold(account.id, { count: 3, at: later });
    const seen = { email: 'new@example.com', groupsRead: 3, groupsAt: later, claims: { sub: 'ana' }, lastLoginAt: later };
    expect(await accounts.latestOf(one.id)).to.deep.equal({ ...account, ...seen });
  });

  it('an account that was taken off stays so whatever ends, until it is linked again', async () => {
    const { providers, accounts, identities } = storage().read;
    const [one, ana, ben] = [providerRow('one'), userRow('ana@example.com'), userRow('ben@example.com')];
    await providers.insert(one, { clientSecret: 'x' });
    for (const user of [ana, ben]) await identities.insert(user);
    const account = accountRow(one.id, ana.id, 'ana');
    await accounts.insert(account);
    await accounts.insert(accountRow(one.id, ben.id, 'ben'));
    await accounts.unlink(account.id);
    await accounts.end(account.id);
    await accounts.endAt(one.id, ana.id);
    await accounts.endOfProvider(one.id);
    for (const user of [ana, ben]) await accounts.removeAt(one.id, user.id);
    const { lastLoginAt } = account;
    const shown = [{ provider: 'one', identityId: ana.id, state: 'unlinked', lastLoginAt }];
    expect(await accounts.shownOf([ana.id, ben.id])).to.deep.equal(shown);
    expect([...(await accounts.unlinkedAt(one.id))]).to.deep.equal([ana.id]);
    await accounts.relink(account.id);
    expect((await accounts.find(account.id))?.state).to.equal('ended');
    expect([...(await accounts.unlinkedAt(one.id))]).to.deep.equal([]);
  });

  it('neither a provider nor a user goes while an account is there', async () => {
    const { providers, accounts, identities } = storage().read;
    const [one, ana] = [providerRow('one'), userRow('ana@example.com')];
    await providers.insert(one, { clientSecret: 'x' });
    await identities.insert(ana);
    await accounts.insert(accountRow(one.id, ana.id, 'ana'));
    for (const work of [providers.remove(one.id), identities.remove(ana.id)])
      expect(await work.catch((error: unknown) => error)).to.be.instanceOf(Error);
  });

  it('groups of a provider are apart from local ones and from those of others', async () => {
    const { groups } = storage().read;
    const rows = [groupRow('crew'), { ...groupRow('crew'), provider: 'okta' }, { ...groupRow('crew'), provider: 'acme' }];
    for (const row of rows) await groups.insert(row);
    expect((await groups.findNamed('crew'))?.id).to.equal(rows[0]?.id);
    expect((await groups.findNamed('okta/crew'))?.id).to.equal(rows[1]?.id);
    expect((await groups.findOfProvider('acme', ['crew', 'other'])).map(({ name }) => name)).to.deep.equal(['acme/crew']);
    expect((await groups.list({ limit: 10, name: 'okta/crew' })).items.map(({ provider }) => provider)).to.deep.equal(['okta']);
    expect((await groups.list({ limit: 10, name: 'crew' })).items.map(({ provider }) => provider)).to.deep.equal([null]);
  });

  it('a login under way is found by both its secrets, taken once, and its code once', async () => {
    const { browserLogins } = storage().read;
    const login = {
      ...{ id: idOf<string>('token'), createdAt: at, expiresAt: later },
      purpose: { kind: 'cli', port: 4321, state: 'cli state', challenge: 'challenge' } as const,
      provider: { id: idOf<never>('provider'), sealedChecks: 'sealed' },
    };
    const secrets = { state: 'state', browser: 'browser' };
    await browserLogins.insert(login, secrets);
    expect(await browserLogins.findWaiting(secrets, at)).to.deep.equal(login);
    expect(await browserLogins.findWaiting({ ...secrets, browser: 'another' }, at)).to.equal(undefined);
    expect(await browserLogins.findWaiting({ ...secrets, state: 'another' }, at)).to.equal(undefined);
    expect(await browserLogins.findWaiting(secrets, later)).to.equal(undefined);
    expect(await browserLogins.comeBack(login.id, at)).to.equal(true);
    expect(await browserLogins.comeBack(login.id, at)).to.equal(false);
    expect(await browserLogins.findWaiting(secrets, at)).to.equal(undefined);
    const arrival = { kind: 'account', accountId: idOf<never>('account'), sealedOrigin: 'sealed', mfaAt: Date.parse(at) } as const;
    await browserLogins.giveCode(login.id, { code: 'code', arrival, expiresAt: later });
    expect(await browserLogins.arrivedFrom(login.provider.id, at)).to.deep.equal([{ id: login.id, sealedOrigin: 'sealed' }]);
    expect(await browserLogins.exchange('code', later)).to.equal(undefined);
    expect(await browserLogins.exchange('code', at)).to.deep.equal({ ...login, arrival });
    expect(await browserLogins.exchange('code', at)).to.equal(undefined);
    expect(await browserLogins.arrivedFrom(login.provider.id, at)).to.deep.equal([]);
  });

  it('a login of a user of our own, with the second factor that was proven on the way, comes back whole', async () => {
    const { browserLogins } = storage().read;
    const purpose = { kind: 'cli', port: 4321, state: 'another state', challenge: 'challenge' } as const;
    const login = { id: idOf<string>('token'), purpose, provider: undefined, createdAt: at, expiresAt: later };
    await browserLogins.insert(login, { state: 'own state', browser: 'own browser' });
    const arrival = { kind: 'user', userId: idOf<never>('user'), mfaAt: Date.parse(at), passkeyId: idOf<never>('secondFactor') } as const;
    await browserLogins.giveCode(login.id, { code: 'own code', arrival, expiresAt: later });
    await browserLogins.voidArrivals({ identityId: idOf<string>('user') }, at);
    expect(await browserLogins.exchange('own code', at)).to.deep.equal({ ...login, arrival });
    const other = { ...login, id: idOf<string>('token') };
    await browserLogins.insert(other, { state: 'other state', browser: 'own browser' });
    await browserLogins.giveCode(other.id, { code: 'other code', arrival, expiresAt: later });
    await browserLogins.voidArrivals({ identityId: arrival.userId }, at);
    expect(await browserLogins.exchange('other code', at)).to.equal(undefined);
  });

  it('a login that tries a provider is found by its ticket until that is used, and concluded once, in time', async () => {
    const { providerLoginTests } = storage().read;
    const test = {
      ...{ id: idOf<never>('providerLoginTest'), providerId: idOf<never>('provider'), begunBy: idOf<never>('user') },
      ...{ sessionId: idOf<never>('session'), createdAt: at, expiresAt: later, usedAt: null, result: null },
    };
    await providerLoginTests.insert(test, 'ticket');
    expect(await providerLoginTests.findUnused('another', at)).to.equal(undefined);
    expect(await providerLoginTests.findUnused('ticket', later)).to.equal(undefined);
    expect(await providerLoginTests.findUnused('ticket', at)).to.deep.equal(test);
    expect([await providerLoginTests.use(test.id, at), await providerLoginTests.use(test.id, at)]).to.deep.equal([true, false]);
    expect(await providerLoginTests.findUnused('ticket', at)).to.equal(undefined);
    const result = { refusal: null, steps: [], claims: { sub: 'ana' }, groups: [], groupCount: 0 };
    expect(await providerLoginTests.conclude(test.id, result, later)).to.equal(false);
    expect(await providerLoginTests.conclude(test.id, result, at)).to.equal(true);
    expect(await providerLoginTests.conclude(test.id, { ...result, claims: null }, at)).to.equal(false);
    expect(await providerLoginTests.find(test.id)).to.deep.equal({ ...test, usedAt: at, result });
    await providerLoginTests.prune(later);
    expect(await providerLoginTests.find(test.id)).to.not.equal(undefined);
    await providerLoginTests.prune(new Date(Date.parse(later) + 1).toISOString());
    expect(await providerLoginTests.find(test.id)).to.equal(undefined);
  });

  it('a refresh token is due when its time has come, asked by by one at a time, and gone when another takes its place', async () => {
    const { providers, accounts, identities, refreshTokens } = storage().read;
    const [one, ana] = [providerRow('one'), userRow('ana@example.com')];
    await providers.insert(one, { clientSecret: 'x' });
    await identities.insert(ana);
    const account = accountRow(one.id, ana.id, 'ana');
    await accounts.insert(account);
    const token = { accountId: account.id, providerId: one.id, sealedToken: 'sealed', dueAt: later, failures: 0, lastFailure: null };
    await refreshTokens.keep(token);
    expect(await refreshTokens.due(at, 10)).to.deep.equal([]);
    await refreshTokens.makeDue(one.id, at);
    const [due] = await refreshTokens.due(at, 10);
    expect(due).to.deep.equal({ ...token, dueAt: at });
    if (due === undefined) throw new Error('it was there a moment ago');
    expect(await refreshTokens.claim(due, at, later)).to.equal(true);
    expect(await refreshTokens.claim(due, at, later)).to.equal(false);
    expect(await refreshTokens.due(at, 10)).to.deep.equal([]);
    expect(await refreshTokens.due(later, 10)).to.have.length(1);
    await refreshTokens.keep({ ...due, sealedToken: 'another' });
    expect(await refreshTokens.claim(due, at, later)).to.equal(false);
    expect(await refreshTokens.ofProvider(one.id)).to.have.length(1);
    await refreshTokens.removeOfIdentity(ana.id);
    expect(await refreshTokens.find(account.id)).to.equal(undefined);
  });

  it('a logout at a provider finds the sessions that it is about: of that person or session, begun by then, at that provider', async () => {
    const { providers, identities, sessions, providerSessions } = storage().read;
    const [one, two, ana] = [providerRow('first'), providerRow('second'), userRow('logout@example.com')];
    for (const each of [one, two]) await providers.insert(each, { clientSecret: 'x' });
    await identities.insert(ana);
    const rows = [
      { providerId: one.id, subject: 'ana', sid: 'a', issuedAt: 100 },
      { providerId: one.id, subject: 'ana', sid: 'b', issuedAt: 200 },
      { providerId: one.id, subject: 'ana', sid: null, issuedAt: 100 },
      { providerId: one.id, subject: 'ben', sid: 'a', issuedAt: 100 },
      { providerId: two.id, subject: 'ana', sid: 'a', issuedAt: 100 },
    ].map((row) => ({ ...row, sessionId: idOf<never>('session'), sealedIdToken: 'sealed' }));
    for (const row of rows) {
      await sessions.insert(sessionRow(row.sessionId, ana.id), String(row.sessionId));
      await providerSessions.insert(row);
    }
    expect(await providerSessions.find(rows[0]!.sessionId)).to.deep.equal(rows[0]);
    const found = async (subject: string | undefined, sid: string | undefined, issuedAt = 300) => {
      const ids = await providerSessions.matching({ providerId: one.id, subject, sid, issuedAt });
      return rows.flatMap(({ sessionId }, index) => (ids.includes(sessionId) ? [index] : []));
    };
    expect(await found('ana', undefined)).to.deep.equal([0, 1, 2]);
    expect(await found('ana', undefined, 150)).to.deep.equal([0, 2]);
    expect(await found('ana', 'a')).to.deep.equal([0, 2]);
    expect(await found(undefined, 'a')).to.deep.equal([0, 3]);
    expect(await found('eve', 'a')).to.deep.equal([]);
    await sessions.end([rows[0]!.sessionId], at, 'logged out');
    await providerSessions.prune(later);
    expect(await providerSessions.find(rows[0]!.sessionId)).to.equal(undefined);
    expect(await found('ana', undefined)).to.deep.equal([1, 2]);
  });
}
