/** The question that every taking back asks, as a person answers it; and what is over then. */
import { api } from '../../shared/api/index.ts';
import { ApiError, type Call } from '../../shared/client.ts';
import type { Web } from '../support/web.ts';

/** Says yes, and waits for what is told of it. @param then the button that closes it afterwards. */
export async function confirm({ page }: Web, then?: 'Close'): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Yes, do it' }).click();
  await dialog.getByText(/It holds (now|at every connector)|Waiting for \d/).waitFor();
  if (then === undefined) return;
  await dialog.getByRole('button', { name: then }).last().click();
  await dialog.waitFor({ state: 'detached' });
}

export const isOver = async (call: Call): Promise<boolean> =>
  call(api.sessions.current, {}).then(
    () => false,
    (error: unknown) => {
      if (error instanceof ApiError && error.problem.status === 401) return true;
      throw error;
    },
  );

/** Names of buttons on the page that do more than show or copy. */
export async function changesNothing({ page }: Web): Promise<readonly string[]> {
  const buttons = await page.getByRole('main').getByRole('button').all();
  const names = await Promise.all(buttons.map(async (each) => (await each.getAttribute('aria-label')) ?? (await each.textContent()) ?? ''));
  return names.filter((name) => !/^(Copy|Show all|Load more)/.test(name));
}
