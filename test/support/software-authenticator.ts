/** An authenticator and the browser before it (WebAuthn Level 3), in software: real ES256 keys, real signatures, and lies on request. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What `navigator.credentials` is asked for, as JSON. */
export interface BrowserOptions {
  readonly challenge: string;
  readonly rp?: { readonly id?: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
  readonly excludeCredentials?: readonly { readonly id: string }[];
  readonly allowCredentials?: readonly { readonly id: string }[];
  readonly [name: string]: unknown;
}

/** Each in place of the truth. */
export interface Lies {
  readonly challenge?: string;
  readonly origin?: string;
  readonly type?: string;
  readonly rpId?: string;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  readonly isPresent?: boolean;
  readonly isVerified?: boolean;
  readonly isBackupEligible?: boolean;
  readonly isBackedUp?: boolean;
  /** What its browser says of a new one; null: nothing. */
  readonly isDiscoverable?: boolean | null;
  readonly signCount?: number;
  readonly userHandle?: string | null;
  readonly credentialId?: string;
  /** Signs in place of the credential's own. */
  readonly key?: KeyObject;
  /** An attestation that names this certificate. */
  readonly certificate?: Buffer;
}

export interface SoftwareAuthenticator {
  /** `navigator.credentials.create(…).toJSON()` of a page at this origin. */
  create(options: BrowserOptions, origin: string, lies?: Lies): Readonly<Record<string, unknown>>;
  /** `navigator.credentials.get(…).toJSON()`, with the credential that was made last. */
  get(options: BrowserOptions, origin: string, lies?: Lies): Readonly<Record<string, unknown>>;
  credentialId(): string;
  /** The very same, with all its keys and its count. */
  copy(): SoftwareAuthenticator;
}

interface Made {
  readonly id: Buffer;
  readonly key: KeyObject;
  readonly userHandle: string;
}

/** One that counts its signatures; a synchronised one shows 0 for ever. */
export function softwareAuthenticator(
  start: { readonly isSynchronised?: boolean; readonly made?: Made; readonly count?: number } = {},
): SoftwareAuthenticator {
  const { isSynchronised = false } = start;
  let { made, count = 0 } = start;
  const truth: Lies = { isBackupEligible: isSynchronised, isBackedUp: isSynchronised };
  const next = (): number => (isSynchronised ? 0 : (count += 1));
  const own = (): Made => {
    if (made === undefined) throw new Error('this authenticator has no credential yet');
    return made;
  };
  return {
    create: (options, origin, told = {}) => {
      const lies = { ...truth, ...told };
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      made = { id: randomBytes(32), key: privateKey, userHandle: options.user?.id ?? '' };
      const attested = Buffer.concat([Buffer.alloc(16), uint16(made.id.length), made.id, coseKey(publicKey)]);
      const authData = Buffer.concat([
        authenticatorData(options.rp?.id ?? '', { ...lies, signCount: lies.signCount ?? next() }, 0x40),
        attested,
      ]);
      const clientData = clientDataOf('webauthn.create', options, origin, lies);
      const statement =
        lies.certificate === undefined
          ? new Map()
          : new Map<string, Cbor>([
              ['alg', -7],
              ['sig', signed(made.key, authData, clientData)],
              ['x5c', [lies.certificate]],
            ]);
      const attestation = new Map<string, Cbor>([
        ['fmt', lies.certificate === undefined ? 'none' : 'packed'],
        ['attStmt', statement],
        ['authData', authData],
      ]);
      const id = lies.credentialId ?? made.id.toString('base64url');
      return {
        ...{ id, rawId: id, type: 'public-key', authenticatorAttachment: 'platform' },
        clientExtensionResults: lies.isDiscoverable === null ? {} : { credProps: { rk: lies.isDiscoverable ?? true } },
        response: {
          clientDataJSON: clientData.toString('base64url'),
          attestationObject: cbor(attestation).toString('base64url'),
          authenticatorData: authData.toString('base64url'),
          transports: ['internal'],
        },
      };
    },
    get: (options, origin, told = {}) => {
      const lies = { ...truth, ...told };
      const { id: bytes, key, userHandle } = own();
      const authData = authenticatorData(options.rpId ?? '', { ...lies, signCount: lies.signCount ?? next() }, 0);
      const clientData = clientDataOf('webauthn.get', options, origin, lies);
      const id = lies.credentialId ?? bytes.toString('base64url');
      return {
        ...{ id, rawId: id, type: 'public-key', authenticatorAttachment: 'platform', clientExtensionResults: {} },
        response: {
          clientDataJSON: clientData.toString('base64url'),
          authenticatorData: authData.toString('base64url'),
          signature: signed(lies.key ?? key, authData, clientData).toString('base64url'),
          userHandle: lies.userHandle === undefined ? userHandle : lies.userHandle,
        },
      };
    },
    credentialId: () => own().id.toString('base64url'),
    copy: () => softwareAuthenticator({ isSynchronised, made: own(), count }),
  };
}

const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();
const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);

const signed = (key: KeyObject, authData: Buffer, clientData: Buffer): Buffer =>
  sign('sha256', Buffer.concat([authData, sha256(clientData)]), key);

/** §5.8.1 */
const clientDataOf = (type: string, { challenge }: BrowserOptions, origin: string, lies: Lies): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: lies.type ?? type,
      challenge: lies.challenge ?? challenge,
      origin: lies.origin ?? origin,
      crossOrigin: lies.crossOrigin ?? false,
      ...(lies.topOrigin === undefined ? {} : { topOrigin: lies.topOrigin }),
    }),
  );

/** §6.1 */
function authenticatorData(rpId: string, lies: Lies & { readonly signCount: number }, more: number): Buffer {
  const { isPresent = true, isVerified = true, isBackupEligible = false, isBackedUp = false, signCount } = lies;
  const flags = Number(isPresent) | (Number(isVerified) << 2) | (Number(isBackupEligible) << 3) | (Number(isBackedUp) << 4) | more;
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(signCount);
  return Buffer.concat([sha256(lies.rpId ?? rpId), Buffer.from([flags]), counter]);
}

/** ES256 as COSE (RFC 9053 §7.1.1). */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const fields: readonly (readonly [number, Cbor])[] = [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, 'base64url')],
    [-3, Buffer.from(y, 'base64url')],
  ];
  return cbor(new Map(fields));
}

type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

/** As much of RFC 8949 as an authenticator needs. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<number | string, Cbor>)].flatMap(([key, each]) => [cbor(key), cbor(each)]);
    return Buffer.concat([head(5, pairs.length / 2), ...pairs]);
  }
  const items = value as readonly Cbor[];
  return Buffer.concat([head(4, items.length), ...items.map(cbor)]);
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 256) return Buffer.from([(major << 5) | 24, length]);
  return Buffer.concat([Buffer.from([(major << 5) | 25]), uint16(length)]);
}
