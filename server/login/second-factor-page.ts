/** The page that asks for a second factor, from the ways in which this person can prove one. The one place that knows how each looks. */
import type { Form, Page } from '../http/page.ts';
import { secondFactorPath, type FormOf } from './login-form-rules.ts';
import type { Asked } from './page-login-service.ts';

export function secondFactorPage(
  { mfaToken, ways, passkey, refusal }: Asked & { readonly kind: 'second-factor' },
  { state }: FormOf,
): Page {
  const hidden = { login: state, step: mfaToken };
  return {
    title: 'Your second factor',
    says: [refusal === undefined ? 'Your password holds. One more proof is needed that it is you.' : refusal.message],
    isFailure: refusal !== undefined,
    passkey: passkey === undefined ? undefined : { action: secondFactorPath, hidden, button: 'Use a passkey', options: passkey },
    form: codeForm(hidden, ways.codes),
  };
}

/** A recovery code stands in for whatever was lost. */
const codeForm = (hidden: Readonly<Record<string, string>>, hasApp: boolean): Form => ({
  action: secondFactorPath,
  hidden,
  fields: [
    {
      name: 'code',
      label: hasApp ? 'Code' : 'Recovery code',
      type: 'text',
      autocomplete: 'one-time-code',
      hint: hasApp ? 'Six digits from your app, or one of your recovery codes.' : 'One of those you got with your passkey.',
      autofocus: true,
    },
  ],
  buttons: [{ text: 'Go on' }],
});
