/** The web UI in a real Chromium: somebody signs in on the server's own page, and what the page's policy reports, or a script throws, is a fault of the test. */
import { expect } from 'chai';
import type { BrowserContextOptions } from 'playwright-core';
import { accessibilityFaults, newBrowser, type BrowserContext, type Page } from './chromium.ts';
import { adminEmail, adminPassword, type RunningServer } from './server.ts';

export interface WebWish extends BrowserContextOptions {
  readonly email?: string;
  readonly password?: string;
  /** Of the app that shows codes, where a second factor is asked for. */
  readonly code?: string;
  /** Where one is after signing in. */
  readonly path?: string;
}

export interface Web {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Goes to an address of the UI and waits for its heading. */
  goTo(path: string, heading?: string | RegExp): Promise<void>;
  /** Nothing that axe finds, in light, dark and on a narrow screen. */
  expectAccessible(what: string): Promise<void>;
  /** Closes it; fails when the policy reported something or a script threw. */
  close(): Promise<void>;
}

export const wide = { width: 1280, height: 900 };
export const narrow = { width: 360, height: 740 };

export async function openWeb(server: RunningServer, wish: WebWish = {}): Promise<Web> {
  const { email = adminEmail, password = adminPassword, path = '/', code, ...options } = wish;
  // Colours that are on their way to other ones are neither.
  const context = await newBrowser({ viewport: wide, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  noteFaults(page, faults);
  context.on('page', (other) => noteFaults(other, faults));
  await signIn(page, server, { email, password, path, ...(code === undefined ? {} : { code }) });
  return {
    page,
    context,
    goTo: async (to, heading) => {
      await page.goto(server.url + to);
      await page.getByRole('heading', { level: 1, ...(heading === undefined ? {} : { name: heading }) }).waitFor();
    },
    expectAccessible: async (what) => expectAccessible(page, what),
    close: async () => {
      await context.close();
      expect(faults, 'what the browser complained of').to.deep.equal([]);
    },
  };
}

/** On the server's own pages, as a person does. */
export async function signIn(
  page: Page,
  server: RunningServer,
  {
    email,
    password,
    path = '/',
    code,
  }: { readonly email: string; readonly password: string; readonly path?: string; readonly code?: string },
): Promise<void> {
  await page.goto(`${server.url}/login?${new URLSearchParams({ next: path, provider: 'infra' }).toString()}`);
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  if (code !== undefined) {
    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Go on' }).click();
  }
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));
  await page.getByRole('heading', { level: 1 }).waitFor();
}

/** A policy that was broken shows in the console, and in `page` as an event when a test asks for it; an error of a script always does. */
function noteFaults(page: Page, faults: string[]): void {
  page.on('pageerror', ({ message }) => faults.push(`script: ${message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (/Content.Security.Policy|TrustedScript|TrustedHTML|Refused to|Warning:|React/i.test(text))
      faults.push(`${message.type()}: ${text}`);
  });
}

export async function expectAccessible(page: Page, what: string): Promise<void> {
  const before = page.viewportSize() ?? wide;
  for (const [look, scheme, size] of [
    ['light', 'light', wide],
    ['dark', 'dark', wide],
    ['narrow', 'light', narrow],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize(size);
    expect(await accessibilityFaults(page), `${what}, ${look}`).to.deep.equal([]);
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow, `${what}, ${look}: pixels to scroll aside`).to.equal(0);
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
}
