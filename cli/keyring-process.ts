/**
 * A program of its own that asks the system's keyring once: the request as JSON on stdin, the answer as JSON on stdout. The one door to the
 * library, which is native code that talks to other programs and may wait for them for ever: whoever starts this ends it when it has waited long
 * enough, and a fault in it takes nothing else along. The secret comes and goes by pipes that nobody else can read.
 */
import { text } from 'node:stream/consumers';
import type { KeyringAnswer, KeyringRequest } from './keyring.ts';

/** What the entries are called where people look through their keyring. */
const service = 'infra session';

async function answer(request: KeyringRequest): Promise<KeyringAnswer> {
  // Optional: not for every system, and not in every installation.
  const keyring = await import('@napi-rs/keyring').catch(() => undefined);
  if (keyring === undefined) return { fault: 'absent' };
  try {
    // Linux has a second store, of the kernel, which forgets and which other sessions of the same person cannot read: not that one.
    const entry = new keyring.Entry(service, request.sessionId, { linux: { store: 'secret-service' } });
    switch (request.verb) {
      case 'keep':
        entry.setPassword(request.secret);
        return { secret: null };
      case 'read':
        return { secret: entry.getPassword() };
      case 'forget':
        entry.deleteCredential();
        return { secret: null };
    }
  } catch {
    return { fault: 'refusing' };
  }
}

// Our own program wrote it.
const request = JSON.parse(await text(process.stdin)) as KeyringRequest;
process.stdout.write(JSON.stringify(await answer(request)));
