/** A real Chromium, one for a process; each person has a context of their own, with cookies of their own. */
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { obtainChromium } from '../../scripts/chromium/obtain-chromium.ts';

export type { BrowserContext, Page };

const switches = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Nothing but this machine: a page that names another host finds none.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
];

let browserOfThisProcess: Promise<Browser> | undefined;

/** A browser in which nobody is signed in anywhere. It takes the server's certificate, whose root only the CLI knows. */
export async function newBrowser(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  browserOfThisProcess ??= launch();
  const context = await (await browserOfThisProcess).newContext({ ignoreHTTPSErrors: true, ...options });
  context.setDefaultTimeout(15_000);
  return context;
}

/** For `after`: the process would stay open. */
export async function closeBrowser(): Promise<void> {
  const browser = await browserOfThisProcess;
  browserOfThisProcess = undefined;
  await browser?.close();
}

async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: await obtainChromium(), args: switches });
}

/** What axe finds wrong with the page, by WCAG 2.2 AA and its own best practices; empty: nothing. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  // Our pages hold no frames, for which axe would open a page of its own each time.
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode(true)
    .options({ resultTypes: ['violations'] })
    .analyze();
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}
