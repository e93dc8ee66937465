/** In which way somebody signs in who has asked for one, or for none. Pure. */
import { ownProvider } from '../../shared/api/browser-login.ts';

export type SignInWay<Provider> =
  | { readonly kind: 'provider'; readonly provider: Provider }
  /** On our own pages. */
  | { readonly kind: 'password' }
  | { readonly kind: 'choice' }
  | { readonly kind: 'unknown' };

/** Where there is one provider, people are sent there without a question: a password is then for the few who know to ask for it. */
export function signInWay<Provider extends { readonly name: string }>(
  providers: readonly Provider[],
  wanted: string | undefined,
): SignInWay<Provider> {
  if (wanted === ownProvider) return { kind: 'password' };
  if (wanted !== undefined) {
    const provider = providers.find(({ name }) => name === wanted);
    return provider === undefined ? { kind: 'unknown' } : { kind: 'provider', provider };
  }
  const [only, ...more] = providers;
  if (only === undefined) return { kind: 'password' };
  return more.length === 0 ? { kind: 'provider', provider: only } : { kind: 'choice' };
}
