/** Defences against tokens of workloads that do not hold, and of what they open. */
import { exportJWK, generateKeyPair, type JWTPayload } from 'jose';
import { api } from '../../shared/api/index.ts';
import type { FederationStage } from '../security/federation-stage.ts';
import { githubClaims, nowSeconds, startTokenIssuer, type ChangedClaims } from '../support/doubles/token-issuer.ts';
import { sign, unsigned } from '../support/scripted-provider.ts';
import { loginWithToken, newWorkload, trust } from '../support/trusted-workload.ts';
import { brokenIf, cutIn, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const login = cutIn('login/workload-login.js');
const token = cutIn('login/workload-token-rules.js');
const issuer = 'https://token.actions.githubusercontent.com';
const es256 = { alg: 'ES256', kid: 'honest' };

/** A rule for the main branch of one repository, and its issuer's pen. */
async function trusted({ server }: FederationStage) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...es256 }] });
  const rule = await trust(server, await newWorkload(server, 'deploy'), {
    ...{ issuer, jwks, claims: { repository: 'octo-org/octo-repo', ref: 'refs/heads/main' } },
  });
  const claims = (changed: ChangedClaims = {}): JWTPayload => githubClaims(issuer, server.url, changed);
  return {
    rule,
    jwks,
    claims,
    write: async (changed: ChangedClaims, header = {}) => sign(claims(changed), privateKey, { ...es256, ...header }),
  };
}
/** A token of the honest issuer, but for this, opens a session. */
const comesIn =
  (changed: (server: FederationStage['server']) => ChangedClaims, header: object = {}) =>
  async (stage: FederationStage): Promise<Verdict> =>
    succeeds(loginWithToken(stage.server, await (await trusted(stage)).write(changed(stage.server), header)));

const defences: readonly ServerDefence[] = [
  {
    name: 'the signature of a workload’s token is verified',
    row: 18,
    cut: cutIn('login/issuer-keys.js')('await compactVerify(token, keys, { algorithms: [...asymmetricAlgorithms] });', ''),
    attack: async (stage) => {
      const { claims } = await trusted(stage);
      return succeeds(loginWithToken(stage.server, unsigned(claims(), es256, 'A'.repeat(86))));
    },
  },
  {
    name: 'a workload’s token is for this server',
    row: 18,
    behind: [login('audience === audienceOf(token.claims) && ', '')],
    cut: token(' ?? audienceFault(claims, own)', ''),
    attack: comesIn(() => ({ aud: 'sts.amazonaws.com' })),
  },
  {
    name: 'a workload’s token is for this server alone',
    row: 18,
    cut: token("typeof audience === 'string' && more.length === 0", "typeof audience === 'string'"),
    attack: comesIn(({ url }) => ({ aud: [url, 'sts.amazonaws.com'] })),
  },
  {
    name: 'a workload’s token ends at its time',
    row: 18,
    cut: token('if (exp <= now - skewSeconds)', 'if (false)'),
    attack: comesIn(() => ({ exp: nowSeconds() - 60 })),
  },
  {
    name: 'a workload’s token is a day old at most',
    row: 18,
    cut: token('if (iat <= now - maximumAgeSeconds)', 'if (false)'),
    attack: comesIn(() => ({ iat: nowSeconds() - 90_000, exp: nowSeconds() + 90_000 })),
  },
  {
    name: 'a token of another type is no workload’s',
    row: 18,
    cut: token('typ === undefined ||', 'true ||'),
    attack: comesIn(() => ({}), { typ: 'at+jwt' }),
  },
  {
    name: 'a rule takes the claims it names',
    row: 18,
    cut: login('claimsMatch(claims, token.claims)', 'true'),
    attack: comesIn(() => ({ repository: 'evil/octo-repo' })),
  },
  {
    name: 'a workload’s token opens one session',
    row: 18,
    cut: login('!rule.reusable && ', 'false && '),
    attack: async (stage) => {
      const text = await (await trusted(stage)).write({});
      await loginWithToken(stage.server, text);
      return succeeds(loginWithToken(stage.server, text));
    },
  },
  {
    name: 'a token that rules of two workloads take is nobody’s',
    row: 18,
    cut: login('if (workloads.size > 1)', 'if (false)'),
    attack: async (stage) => {
      const { jwks, write } = await trusted(stage);
      await trust(stage.server, await newWorkload(stage.server, 'other'), { issuer, jwks, claims: { repository: 'octo-org/*' } });
      return succeeds(loginWithToken(stage.server, await write({})));
    },
  },
  {
    name: 'an issuer’s discovery document is its own',
    row: 18,
    cut: cutIn('login/issuer-keys.js')("document['issuer'] !== issuer", 'false'),
    attack: async ({ server }) => {
      const evil = await startTokenIssuer();
      evil.script.discovery = () => ({ json: { issuer, jwks_uri: `${evil.issuer}/keys` } });
      const rule = trust(server, await newWorkload(server, 'x'), { issuer: evil.issuer, claims: { sub: 'x' } });
      return succeeds(rule).finally(() => evil.stop());
    },
  },
  {
    name: 'a rule does not let in everybody at a public issuer',
    row: 18,
    cut: cutIn('login/trust-rule-rules.js')('isPinned(rule) ?', 'true ?'),
    attack: async (stage) => {
      const { jwks } = await trusted(stage);
      return succeeds(trust(stage.server, await newWorkload(stage.server, 'x'), { issuer, jwks, claims: { ref: 'refs/heads/main' } }));
    },
  },
  {
    name: 'what a rule opened ends with it',
    row: 11,
    cut: cutIn('login/trust-rule-service.js')(
      "await stores.sessionEnd.endAllOf({ trustRuleId: rule.id }, 'trust rule removed', act)",
      '{ sessionsEnded: 0, leasesRevoked: 0 }',
    ),
    attack: async (stage) => {
      const { rule, write } = await trusted(stage);
      const { secret } = await loginWithToken(stage.server, await write({}));
      await (
        await stage.server.admin()
      )(api.trustRules.remove, { params: { id: rule.id } });
      return succeeds(stage.server.client(secret)(api.sessions.current, {}));
    },
  },
  {
    name: 'a token of minutes makes no key for months',
    row: 23,
    cut: cutIn('login/session-policy.js')("asker.session.method === 'workload-token'", 'false'),
    attack: async (stage) => {
      const { secret } = await loginWithToken(stage.server, await (await trusted(stage)).write({}));
      return succeeds(stage.server.client(secret)(api.accessKeys.create, { body: { name: 'forever' } }));
    },
  },
  {
    name: 'tokens that do not hold are limited',
    row: 28,
    cut: cutIn('login/counted-refusal.js')('await attempts.count(countedAs, source.address, now)', 'undefined'),
    attack: async ({ server }) => {
      const answers: number[] = [];
      for (let tries = 0; tries < 12; tries += 1)
        answers.push((await server.request('/api/v1/login/workload', { method: 'POST', ...json({ token: 'x' }) })).status);
      return brokenIf(answers.at(-1) === 401);
    },
  },
];

const json = (value: unknown) => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });

describeServerDefences('tokens of workloads', defences);
