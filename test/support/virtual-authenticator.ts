/** An authenticator of Chromium's own, with somebody before it who is known to it and always says yes; or no. */
import type { Page } from './chromium.ts';

export interface VirtualAuthenticator {
  /** Whether the person before it is recognised. */
  recognise(isRecognised: boolean): Promise<void>;
  /** How many credentials it holds, and their signature counts. */
  counts(): Promise<number[]>;
}

/** For this page, and what it goes on to. */
export async function addVirtualAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
      automaticPresenceSimulation: true,
    },
  });
  return {
    recognise: async (isUserVerified) => void (await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })),
    counts: async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials.map(({ signCount }) => signCount),
  };
}
