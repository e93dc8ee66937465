/** Directories of providers, as values: where they are, how long they are waited for, what their groups are called. */
import { expect } from 'chai';
import { entraIssuerFault, graphBaseOf, isObjectId, tenantOf } from '../../server/identity/entra-rules.ts';
import { googleApisOf, googleIssuerFault } from '../../server/identity/google-rules.ts';
import { groupsFault, groupsMaximum, groupsNamed, mayKeepGroups, nameFor } from '../../server/identity/provider-group-rules.ts';
import { isNotNow, waitMilliseconds } from '../../server/login/directory-rules.ts';

const tenant = '6b7c1a52-93f1-4d0e-8a2c-3c4f1f0f6a11';

describe('the directory of a provider', () => {
  it('is the one of its cloud, and of no other host', () => {
    for (const [host, graph] of [
      ['login.microsoftonline.com', 'https://graph.microsoft.com'],
      ['login.microsoftonline.us', 'https://graph.microsoft.us'],
      ['login.partner.microsoftonline.cn', 'https://microsoftgraph.chinacloudapi.cn'],
    ] as const) {
      const issuer = `https://${host}/${tenant}/v2.0`;
      expect([entraIssuerFault(issuer), tenantOf(issuer), graphBaseOf(issuer)]).to.deep.equal([undefined, tenant, graph]);
    }
    for (const issuer of [
      `http://login.microsoftonline.com/${tenant}/v2.0`,
      `https://login.microsoftonline.com:444/${tenant}/v2.0`,
      `https://login.microsoftonline.com@evil.example/${tenant}/v2.0`,
      `https://login.microsoftonline.com/${tenant}/x/v2.0`,
      `https://login.microsoftonline.com/${tenant.toUpperCase()}/v2.0`,
      `https://login.microsoftonline.com/${tenant}/v2.0/`,
    ])
      expect(entraIssuerFault(issuer), issuer).to.be.a('string');
    expect(googleIssuerFault('https://accounts.google.com')).to.equal(undefined);
    expect(googleApisOf('https://accounts.google.com')).to.deep.equal({
      adminSdk: 'https://admin.googleapis.com',
      cloudIdentity: 'https://cloudidentity.googleapis.com',
    });
  });

  it('is waited for as it says, by seconds or a date, else longer each time (RFC 9110 §10.2.3)', () => {
    const now = Date.parse('2026-01-31T12:00:00Z');
    expect(waitMilliseconds('3', 1, now, 0)).to.equal(3000);
    expect(waitMilliseconds('Sat, 31 Jan 2026 12:00:07 GMT', 1, now, 0)).to.equal(7000);
    expect(waitMilliseconds('Sat, 31 Jan 2026 11:00:00 GMT', 1, now, 0)).to.equal(0);
    for (const unusable of [null, 'soon', '-1'])
      expect(
        [1, 2, 3].map((tries) => waitMilliseconds(unusable, tries, now, 0.5)),
        String(unusable),
      ).to.deep.equal([500, 1000, 2000]);
  });

  it('says "not now" by 429, by 5xx, and at Google by reasons of a 403; a refusal is none', () => {
    for (const status of [429, 500, 502, 503, 504]) expect(isNotNow(status, undefined)).to.equal(true);
    for (const reason of ['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded']) expect(isNotNow(403, reason)).to.equal(true);
    for (const [status, reason] of [
      [403, 'forbidden'],
      [403, undefined],
      [401, 'rateLimitExceeded'],
      [404, undefined],
    ] as const)
      expect(isNotNow(status, reason)).to.equal(false);
  });
});

describe('a group of a directory', () => {
  it('is called by its name where that can be one here, and by its id otherwise', () => {
    const id = '11111111-2222-4333-8444-555555555555';
    expect(nameFor(id, 'Site Ops')).to.equal('Site Ops');
    for (const label of [
      '',
      ' Ops',
      'system:masters',
      'Größe',
      'a,b',
      tenant,
      tenant.toUpperCase(),
      `{${tenant}}`,
      tenant.replaceAll('-', ''),
      `${tenant} x`,
    ])
      expect(nameFor(id, label), label).to.equal(id);
    expect([isObjectId(tenant), isObjectId(tenant.toUpperCase()), isObjectId(`${tenant}\n`)]).to.deep.equal([true, false, false]);
  });

  it('counts for a day after it was told, and never if it was not', () => {
    const now = Date.parse('2026-01-31T12:00:00Z');
    expect(mayKeepGroups('2026-01-30T12:00:00.000Z', now)).to.equal(true);
    expect(mayKeepGroups('2026-01-30T11:59:59.999Z', now)).to.equal(false);
    expect(mayKeepGroups(null, now)).to.equal(false);
  });

  it('is one of at most so many, those that are left out among them', () => {
    const names = (count: number) =>
      groupsNamed(Array.from({ length: count }, (_, index) => (index % 2 === 0 ? `g${index}` : `g:${index}`)));
    expect(groupsFault(names(groupsMaximum), { name: 'x' })).to.equal(undefined);
    expect(groupsFault(names(groupsMaximum + 1), { name: 'x' })).to.have.property('code', 'login.groups-unusable');
  });
});
