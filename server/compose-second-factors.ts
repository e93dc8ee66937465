/** Second factors put together: codes, passkeys, and what a trusted provider says of its own. */
import type { PasswordLogin } from './compose-password-login.ts';
import type { Foundation } from './foundation.ts';
import type { RouteContext, Router } from './http/route.ts';
import { createPasskeyCeremony } from './login/passkey-ceremony.ts';
import { passkeyRoutes } from './login/passkey-routes.ts';
import { createPasskeyService } from './login/passkey-service.ts';
import { createSecondFactorProof } from './login/second-factor-proof.ts';
import { secondFactorRoutes } from './login/second-factor-routes.ts';
import { createSecondFactorService } from './login/second-factor-service.ts';

export function mountSecondFactors(
  router: Router,
  context: RouteContext,
  { config, clock, read, transact, sealing, attempts, authority }: Foundation,
  { secondFactorLogin, toSession }: PasswordLogin,
): void {
  const provingProviderOf = async (sessionId: string): Promise<string | undefined> => {
    const name = (await read.sessions.find(sessionId))?.provider ?? null;
    const provider = name === null ? undefined : await read.providers.findByName(name);
    return provider?.trustMfa === true ? provider.name : undefined;
  };
  const { publicUrl, passkeyLogin } = config;
  const parts = { read, transact, sealing, passkeyLogin, clock };
  const proof = createSecondFactorProof({ transact, attempts, sealing, clock });
  secondFactorRoutes(router, context, {
    secondFactors: createSecondFactorService({ ...parts, proof, provingProviderOf, issuer: authority.trustDomain }),
    secondFactorLogin,
    toSession,
  });
  passkeyRoutes(router, context, {
    passkeys: createPasskeyService({ ...parts, proof, publicUrl }),
    ceremonies: createPasskeyCeremony({ read, transact, proof, attempts, sealing, publicUrl, clock }),
    publicUrl,
  });
}
