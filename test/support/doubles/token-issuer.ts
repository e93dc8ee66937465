/**
 * Issuers of workloads' tokens that sign as the real ones do, with discovery document and rotating keys. Claims are those of GitHub's and
 * GitLab's public documentation of their OIDC tokens for jobs.
 */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { sign } from '../scripted-provider.ts';
import { startDoubleServer, type Answer } from './double-server.ts';

export interface TokenIssuer {
  readonly issuer: string;
  /** Path and query of everything that was asked of it. */
  readonly asked: string[];
  /** Signs as it stands with the newest key; `header` changes the usual one. */
  token(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>;
  privateKey(): CryptoKey;
  jwks(): { readonly keys: readonly JWK[] };
  rotate(): Promise<void>;
  /** Answers instead of the honest discovery document and key set. */
  script: { discovery?: () => Answer; jwks?: () => Answer };
  stop(): Promise<void>;
}

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const keys = await newKeys();
  const script: TokenIssuer['script'] = {};
  const server = await startDoubleServer(({ url }) => {
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return script.discovery?.() ?? { json: { issuer: server.origin, jwks_uri: `${server.origin}/keys`, ...discovered } };
      case '/keys':
        return script.jwks?.() ?? { json: keys.jwks() };
      default:
        return { status: 404 };
    }
  });
  return { issuer: server.origin, asked: server.asked, ...keys, script, stop: server.stop };
}

/** As GitHub's: there is no login to be had there, so there are no endpoints for one. */
const discovered = {
  subject_types_supported: ['public', 'pairwise'],
  response_types_supported: ['id_token'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: ['openid'],
};

async function newKeys() {
  const make = async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    const kid = randomUUID();
    return { ...pair, kid, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg: 'RS256', use: 'sig' } };
  };
  let key = await make();
  return {
    token: async (claims: JWTPayload, header: Readonly<Record<string, unknown>> = {}): Promise<string> =>
      sign(claims, key.privateKey, { typ: 'JWT', alg: 'RS256', kid: key.kid, ...header }),
    privateKey: () => key.privateKey,
    jwks: () => ({ keys: [key.jwk] }),
    rotate: async () => void (key = await make()),
  };
}

/** Undefined takes a claim away. */
export type ChangedClaims = Readonly<Record<string, unknown>>;

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** A job of GitHub Actions: five minutes, valid from ten minutes before. */
export function githubClaims(issuer: string, audience: string, changed: ChangedClaims = {}): JWTPayload {
  const [now, repository, ref] = [nowSeconds(), 'octo-org/octo-repo', 'refs/heads/main'];
  return {
    ...{ jti: randomUUID(), sub: `repo:${repository}:ref:${ref}`, aud: audience, iss: issuer, iat: now, nbf: now - 600, exp: now + 300 },
    ...{ ref, ref_type: 'branch', ref_protected: 'true', sha: 'ffac537e6cbbf934b08745a378932722df287a53', repository },
    ...{ repository_owner: 'octo-org', repository_id: '74', repository_owner_id: '65', repository_visibility: 'private' },
    ...{ actor: 'octocat', actor_id: '12', run_id: '30433642', run_number: '10', run_attempt: '2', runner_environment: 'github-hosted' },
    ...{ workflow: 'deploy', head_ref: '', base_ref: '', event_name: 'push' },
    workflow_ref: 'octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main',
    job_workflow_ref: 'octo-org/octo-automation/.github/workflows/deploy.yml@refs/heads/main',
    ...changed,
  };
}

/** A job of GitLab CI/CD with `id_tokens`: as long as the job may run. */
export function gitlabClaims(issuer: string, audience: string, changed: ChangedClaims = {}): JWTPayload {
  const now = nowSeconds();
  return {
    ...{ iss: issuer, aud: audience, iat: now, nbf: now - 5, exp: now + 3600, jti: randomUUID() },
    ...{ sub: 'project_path:my-group/my-project:ref_type:branch:ref:main', namespace_id: '72', namespace_path: 'my-group' },
    ...{ project_id: '20', project_path: 'my-group/my-project', user_id: '1', user_login: 'sample-user', user_email: 'user@example.com' },
    ...{ pipeline_id: '574', pipeline_source: 'push', job_id: '302', ref: 'main', ref_type: 'branch', ref_path: 'refs/heads/main' },
    ...{ ref_protected: 'true', runner_id: 1, runner_environment: 'self-hosted', sha: '714a629c0b401fdce83e847fc9589983fc6f46bc' },
    ...{ project_visibility: 'internal', ci_config_ref_uri: 'gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main' },
    ...changed,
  };
}
