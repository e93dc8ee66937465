/** Puts together the login with a password: its steps, for the API's sessions and for our own pages. */
import type { Foundation } from './foundation.ts';
import { sessionGoal } from './login/login-goal.ts';
import { createLoginService } from './login/login-service.ts';
import { createPasskeyLogin } from './login/passkey-login.ts';
import { createPasskeySignIn } from './login/passkey-sign-in.ts';
import { createPageLoginService } from './login/page-login-service.ts';
import { passwordPreparation } from './login/password-preparation.ts';
import { createSecondFactorLogin } from './login/second-factor-login.ts';
import { createSecondFactorProof } from './login/second-factor-proof.ts';

export type PasswordLogin = ReturnType<typeof composePasswordLogin>;

export function composePasswordLogin({ config, clock, read, transact, sealing, attempts }: Foundation) {
  const proof = createSecondFactorProof({ transact, attempts, sealing, clock });
  const steps = {
    login: createLoginService({ read, transact, attempts, preparation: passwordPreparation, sessionSettings: config.session, clock }),
    secondFactorLogin: createSecondFactorLogin({ read, transact, proof, attempts, clock }),
  };
  const { publicUrl, passkeyLogin: isAllowed } = config;
  const passkeyLogin = createPasskeyLogin({ read, transact, proof, attempts, sealing, publicUrl, clock });
  const passkeySignIn = createPasskeySignIn({ read, transact, attempts, sealing, publicUrl, isAllowed, clock });
  return {
    ...steps,
    toSession: sessionGoal(config.session),
    pages: createPageLoginService({ read, transact, ...steps, passkeyLogin, passkeySignIn, attempts, clock }),
  };
}
