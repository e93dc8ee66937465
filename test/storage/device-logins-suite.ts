/** Logins by a code, and what becomes of a sign-in that approved one. */
import { expect } from 'chai';
import { toTime } from '../../shared/clock.ts';
import { accountRow, providerRow } from './federation-suite.ts';
import { at, idOf, now, userRow, type Storage } from './fresh-database.ts';

const later = toTime(now + 600_000);

export function describeDeviceLogins(storage: () => Storage): void {
  const asked = () => ({
    ...{ id: idOf<string>('token'), challenge: 'challenge', host: 'laptop', createdAt: at, expiresAt: later, intervalSeconds: 5 },
    source: { address: '192.0.2.1', userAgent: 'agent' },
  });
  const secrets = (name: string) => ({ deviceCode: `device ${name}`, userCode: `code ${name}` });

  it('a login by a code waits for its code, belongs to the browser that typed it last, and is decided once', async () => {
    const { deviceLogins } = storage().read;
    const login = asked();
    await deviceLogins.insert(login, secrets('a'));
    expect(await deviceLogins.enter('code b', 'browser 1', at)).to.equal(undefined);
    expect(await deviceLogins.enter('code a', 'browser 1', later)).to.equal(undefined);
    expect(await deviceLogins.enter('code a', 'browser 1', at)).to.deep.equal(login);
    expect(await deviceLogins.enter('code a', 'browser 2', at)).to.deep.equal(login);
    expect(await deviceLogins.findEntered('browser 1', at)).to.equal(undefined);
    expect(await deviceLogins.findEntered('browser 2', later)).to.equal(undefined);
    const by = { browser: 'browser 2', browserLoginId: 'tok_1' };
    expect(await deviceLogins.approve(login.id, { ...by, browser: 'browser 1' })).to.equal(false);
    const decided = await Promise.all([1, 2, 3].map(async () => deviceLogins.approve(login.id, by)));
    expect(decided.filter(Boolean)).to.have.length(1);
    expect(await deviceLogins.deny(login.id, by)).to.equal(false);
    expect(await deviceLogins.enter('code a', 'browser 3', at)).to.equal(undefined);
    const polled = { ...login, polledAt: undefined, state: 'approved', browserLoginId: 'tok_1' };
    expect(await deviceLogins.findPolled('device a', at)).to.deep.equal(polled);
  });

  it('its pace is kept, it ends once, and nothing of it is left after its time', async () => {
    const { deviceLogins } = storage().read;
    const login = asked();
    await deviceLogins.insert(login, secrets('a'));
    await deviceLogins.notePoll(login.id, { at, intervalSeconds: 10 });
    expect(await deviceLogins.findPolled('device a', at)).to.deep.include({ polledAt: now, intervalSeconds: 10, state: 'waiting' });
    expect(await deviceLogins.findPolled('device a', later)).to.equal(undefined);
    expect([await deviceLogins.end(login.id), await deviceLogins.end(login.id)]).to.deep.equal([true, false]);
    expect(await deviceLogins.findPolled('device a', at)).to.equal(undefined);
    const other = asked();
    await deviceLogins.insert(other, secrets('b'));
    await deviceLogins.enter('code b', 'browser', at);
    await deviceLogins.deny(other.id, { browser: 'browser' });
    expect(await deviceLogins.findPolled('device b', at)).to.deep.include({ state: 'denied' });
    await deviceLogins.prune(later);
    expect(await deviceLogins.findPolled('device b', at)).to.deep.include({ state: 'denied' });
    await deviceLogins.prune(toTime(now + 600_001));
    expect(await deviceLogins.findPolled('device b', at)).to.equal(undefined);
    await deviceLogins.insert(asked(), secrets('c'));
    await deviceLogins.removeEverything();
    expect(await deviceLogins.findPolled('device c', at)).to.equal(undefined);
  });

  it('no two logins that are kept share a code', async () => {
    const { deviceLogins } = storage().read;
    await deviceLogins.insert(asked(), secrets('a'));
    const again = deviceLogins.insert(asked(), { ...secrets('b'), userCode: 'code a' });
    expect(
      await again.then(
        () => 'taken',
        () => 'refused',
      ),
    ).to.equal('refused');
  });

  it('a sign-in is looked at without being used, taken once, and void with whoever arrived by it', async () => {
    const { browserLogins, identities, providers, accounts } = storage().read;
    const user = userRow('ana@example.com');
    await identities.insert(user);
    const acme = providerRow('acme');
    await providers.insert(acme, { clientSecret: 'x' });
    const provider = acme.id;
    const account = accountRow(provider, user.id, 'ana');
    await accounts.insert(account);
    const accountId = account.id;
    const ways = {
      account: { kind: 'account', accountId, sealedOrigin: 'sealed', mfaAt: undefined },
      user: { kind: 'user', userId: user.id, mfaAt: undefined, passkeyId: undefined },
    } as const;
    const arrive = async (code: string, arrival: (typeof ways)[keyof typeof ways]): Promise<string> => {
      const id = idOf<string>('token');
      const purpose = { kind: 'device', deviceLoginId: 'tok_1' } as const;
      const secretsOfIt = { state: `state ${code}`, browser: `browser ${code}` };
      await browserLogins.insert({ id, purpose, provider: undefined, createdAt: at, expiresAt: later }, secretsOfIt);
      await browserLogins.giveCode(id, { code, arrival, expiresAt: later });
      return id;
    };
    const id = await arrive('once', ways.account);
    expect(await browserLogins.findArrived('once', later)).to.equal(undefined);
    expect((await browserLogins.findArrived('once', at))?.arrival).to.deep.equal(ways.account);
    expect(await browserLogins.takeArrived(id, later)).to.equal(undefined);
    const other = await arrive('taken', ways.account);
    const taken = await Promise.all([1, 2, 3].map(async () => browserLogins.takeArrived(other, at)));
    expect(taken.filter((login) => login !== undefined)).to.have.length(1);
    for (const [whose, isVoid] of [
      [{ identityId: user.id }, { account: true, user: true }],
      [{ accountId }, { account: true, user: false }],
      [{ providerId: provider }, { account: true, user: false }],
      [
        { providerId: provider, identityId: user.id },
        { account: true, user: false },
      ],
      [{ identityId: 'usr_other' }, { account: false, user: false }],
      [{ accountId: 'acc_other' }, { account: false, user: false }],
      [
        { providerId: provider, identityId: 'usr_other' },
        { account: false, user: false },
      ],
    ] as const)
      for (const kind of ['account', 'user'] as const) {
        const code = `${kind} ${JSON.stringify(whose)}`;
        await arrive(code, ways[kind]);
        await browserLogins.voidArrivals(whose, at);
        expect((await browserLogins.findArrived(code, at)) === undefined, code).to.equal(isVoid[kind]);
      }
  });
}
