/** The page that asks for a second factor, from the ways in which this person can prove one. The one place that knows how each looks. */
import type { Form, Page } from '../http/page.ts';
import { secondFactorPath, type FormOf } from './login-form-rules.ts';
import type { Asked } from './page-login-service.ts';

export function secondFactorPage({ mfaToken, ways, refusal }: Asked & { readonly kind: 'second-factor' }, { state }: FormOf): Page {
  return {
    title: 'Your second factor',
    says: [refusal === undefined ? 'Your password holds. One more proof is needed that it is you.' : refusal.message],
    isFailure: refusal !== undefined,
    ...(ways.codes ? { form: codeForm({ login: state, step: mfaToken }) } : {}),
  };
}

const codeForm = (hidden: Readonly<Record<string, string>>): Form => ({
  action: secondFactorPath,
  hidden,
  fields: [
    {
      name: 'code',
      label: 'Code',
      type: 'text',
      autocomplete: 'one-time-code',
      hint: 'Six digits from your app, or one of your recovery codes.',
      autofocus: true,
    },
  ],
  buttons: [{ text: 'Go on' }],
});
