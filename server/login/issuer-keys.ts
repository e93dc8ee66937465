/**
 * Whether an issuer signed a token: with the keys that were given with a rule, or those of its discovery document. Fetched keys are kept ten
 * minutes; a key that is not among them makes us ask again, at most every three seconds, so a rotation counts at once and made-up key ids are no
 * flood at the issuer. Without an answer nothing holds.
 */
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import { DomainError } from '../../shared/api/problem.ts';
import { isRecord } from '../identity/claims-rules.ts';
import { asymmetricAlgorithms, isSafeEndpoint } from '../identity/provider-rules.ts';
import { requestJson } from './issuer-request.ts';
import { whyUnreachable } from './openid-fetch.ts';

/** Where keys come from. Two rules with the same of all three have the same keys. */
export interface KeySource {
  readonly issuer: string;
  /** A JSON Web Key Set that was given; null: the issuer is asked. */
  readonly jwks: string | null;
  /** PEM of the authority that must vouch for the issuer; null: those that the system trusts. */
  readonly ca: string | null;
}

export interface IssuerKeys {
  /** Throws `issuer.*` when its keys cannot be had. */
  signed(source: KeySource, token: string): Promise<boolean>;
  /** Asks the issuer anew; throws `issuer.*`. */
  probe(source: KeySource): Promise<void>;
}

type Keys = ReturnType<typeof createLocalJWKSet>;
interface Known {
  readonly askedAt: number;
  readonly answer: Promise<Keys>;
}

const keptMilliseconds = 600_000;
const restMilliseconds = 3_000;
const sourcesKept = 200;

export function createIssuerKeys(now: () => number): IssuerKeys {
  const known = new Map<string, Known>();
  const ask = (source: KeySource): Known => {
    const answer = fetchKeys(source);
    // Whoever waits for it hears of a failure; nobody may be waiting.
    answer.catch(() => undefined);
    const asked = { askedAt: now(), answer };
    const name = nameOf(source);
    known.delete(name);
    known.set(name, asked);
    const [oldest] = known.keys();
    if (known.size > sourcesKept && oldest !== undefined) known.delete(oldest);
    return asked;
  };
  const keysOf = async (source: KeySource): Promise<Known> => {
    const found = known.get(nameOf(source));
    if (found === undefined) return ask(source);
    const age = now() - found.askedAt;
    const failed = await found.answer.then(
      () => false,
      () => true,
    );
    // Somebody else may have asked while this one waited.
    const latest = known.get(nameOf(source)) ?? found;
    return latest === found && age > (failed ? restMilliseconds : keptMilliseconds) ? ask(source) : latest;
  };
  return {
    signed: async (source, token) => {
      if (source.jwks !== null) return (await verify(token, createLocalJWKSet(JSON.parse(source.jwks) as JSONWebKeySet))) === 'holds';
      const first = await keysOf(source);
      const outcome = await verify(token, await first.answer);
      if (outcome !== 'no such key' || now() - first.askedAt <= restMilliseconds) return outcome === 'holds';
      const latest = known.get(nameOf(source)) ?? first;
      const next = latest === first ? ask(source) : latest;
      return (await verify(token, await next.answer)) === 'holds';
    },
    probe: async (source) => void (await ask(source).answer),
  };
}

const nameOf = ({ issuer, ca }: KeySource): string => `${issuer} ${ca ?? ''}`;

/** What is no sound signature by one certain key does not hold, whatever is wrong with it. */
async function verify(token: string, keys: Keys): Promise<'holds' | 'no such key' | 'does not hold'> {
  try {
    await compactVerify(token, keys, { algorithms: [...asymmetricAlgorithms] });
    return 'holds';
  } catch (error) {
    return error instanceof errors.JWKSNoMatchingKey ? 'no such key' : 'does not hold';
  }
}

async function fetchKeys({ issuer, ca }: KeySource): Promise<Keys> {
  try {
    const document = await requestJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, ca);
    // OpenID Connect Discovery §4.3: the very same, or it is somebody else's document.
    if (!isRecord(document) || document['issuer'] !== issuer) throw unusable(issuer, 'its discovery document names another issuer');
    const address = document['jwks_uri'];
    if (typeof address !== 'string' || !isSafeEndpoint(address, issuer))
      throw unusable(issuer, 'its discovery document names no jwks_uri at https://');
    // What is no key set is refused here, and what is no fitting key of it with each token.
    return createLocalJWKSet((await requestJson(address, ca)) as JSONWebKeySet);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const why = whyUnreachable(error);
    if (why === undefined) throw unusable(issuer, 'what it answers is no discovery document with keys', error);
    throw new DomainError('issuer.unreachable', `The keys of ${issuer} cannot be fetched: ${why}. Try again in a while.`, { cause: error });
  }
}

const unusable = (issuer: string, why: string, cause?: unknown): DomainError =>
  new DomainError('issuer.invalid', `The keys of ${issuer} cannot be fetched: ${why}.`, cause === undefined ? {} : { cause });
