/** People who sign in on the server's own pages, and what attacks on that have in common. */
import { api } from '../../shared/api/index.ts';
import type { Visited } from '../support/browser.ts';
import { openPasswordPage, submit, type PageLogin } from '../support/page-login.ts';
import { addSecondFactor, type AddedFactor } from '../support/second-factor.ts';
import { newPerson, type RunningServer } from '../support/server.ts';

export interface Protected extends Omit<AddedFactor, 'id'> {
  readonly email: string;
  readonly password: string;
  readonly userId: string;
}
/** With a password and an app. */
export async function protectedPerson(server: RunningServer, name: string): Promise<Protected> {
  const email = `${name}@example.com`;
  const { call, id: userId, password } = await newPerson(server, email);
  return { ...(await addSecondFactor(call)), email, password, userId };
}

export async function personWithOneTimePassword(server: RunningServer, name: string) {
  const admin = await server.admin();
  const { user, oneTimePassword } = await admin(api.users.create, { body: { email: `${name}@example.com` } });
  return { email: user.email, password: oneTimePassword ?? '', userId: user.id };
}

export interface PageLoginAt extends PageLogin {
  /** The page after the password. */
  readonly next: Visited;
}
export async function afterPassword(
  server: RunningServer,
  { email, password }: { readonly email: string; readonly password: string },
  login?: PageLogin,
): Promise<PageLoginAt> {
  const begun = login ?? (await openPasswordPage(server));
  return { ...begun, next: await submit(begun.browser, begun.page, { email, password }) };
}
