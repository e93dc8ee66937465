/**
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D) under a data key, which is itself sealed under the root key. The purpose is authenticated, so a
 * sealed text moved to another row does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface Sealing {
  /** `purpose` names the row and field, such as `authority:aut_…`; the same is needed to open. */
  seal(plain: Buffer, purpose: string): string;
  /** Throws when the text was changed, or sealed for another purpose or under another key. */
  open(sealed: string, purpose: string): Buffer;
}

const version = 'v1';

export function createSealing(key: Buffer): Sealing {
  return {
    seal: (plain, purpose) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return [version, nonce.toString('base64url'), cipher.getAuthTag().toString('base64url'), sealed.toString('base64url')].join('.');
    },
    open: (text, purpose) => {
      const [found, nonce, tag, sealed] = text.split('.');
      if (found !== version || nonce === undefined || tag === undefined || sealed === undefined)
        throw new Error('the sealed text has an unknown form');
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(Buffer.from(tag, 'base64url'));
      return Buffer.concat([decipher.update(Buffer.from(sealed, 'base64url')), decipher.final()]);
    },
  };
}

export const newDataKey = (): Buffer => randomBytes(32);
