/** Reads a provider's discovery document and keeps it for a minute, so that a crowd logging in is not a crowd at the provider. */
import { allowInsecureRequests, customFetch, discovery, type ServerMetadata } from 'openid-client';
import { DomainError } from '../../shared/api/problem.ts';
import { isLoopbackHttp, issuerFault, metadataFault } from '../identity/provider-rules.ts';
import { boundedFetch, requestSeconds, whyUnreachable } from './openid-fetch.ts';

export interface OpenIdDiscovery {
  /** The checked document; throws `provider.unreachable` or `provider.invalid`, each with what to do. */
  read(issuer: string): Promise<ServerMetadata>;
  /** The same, asked anew. */
  readFresh(issuer: string): Promise<ServerMetadata>;
}

const keptMilliseconds = 60_000;
const issuersKept = 200;

export function createOpenIdDiscovery(now: () => number): OpenIdDiscovery {
  const kept = new Map<string, { readonly until: number; readonly metadata: ServerMetadata }>();
  const readFresh: OpenIdDiscovery['readFresh'] = async (issuer) => {
    const metadata = await discover(issuer);
    kept.delete(issuer);
    kept.set(issuer, { until: now() + keptMilliseconds, metadata });
    const [oldest] = kept.keys();
    if (kept.size > issuersKept && oldest !== undefined) kept.delete(oldest);
    return metadata;
  };
  return {
    readFresh,
    read: async (issuer) => {
      const found = kept.get(issuer);
      return found !== undefined && found.until > now() ? found.metadata : readFresh(issuer);
    },
  };
}

async function discover(issuer: string): Promise<ServerMetadata> {
  const addressFault = issuerFault(issuer);
  if (addressFault !== undefined) throw invalid(issuer, `it ${addressFault}`);
  const metadata = await download(issuer);
  const fault = metadataFault(metadata, issuer);
  if (fault !== undefined) throw invalid(issuer, fault);
  return metadata;
}

async function download(issuer: string): Promise<ServerMetadata> {
  try {
    const configuration = await discovery(new URL(issuer), 'infra', undefined, undefined, {
      [customFetch]: boundedFetch,
      timeout: requestSeconds,
      // The library marks it as deprecated so that nobody uses it by habit; issuers on this machine are the one case.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      execute: isLoopbackHttp(issuer) ? [allowInsecureRequests] : [],
    });
    return configuration.serverMetadata();
  } catch (cause) {
    const why = whyUnreachable(cause);
    if (why !== undefined) {
      throw new DomainError(
        'provider.unreachable',
        `${issuer} cannot be reached: ${why}. Check the address, and that infra-server may reach it.`,
        { cause },
      );
    }
    throw invalid(
      issuer,
      'what it answers at /.well-known/openid-configuration is no discovery document of this very issuer; give the address exactly as the provider writes it, and for Microsoft that of your own tenant instead of "common"',
      cause,
    );
  }
}

const invalid = (issuer: string, why: string, cause?: unknown): DomainError =>
  new DomainError('provider.invalid', `${issuer} cannot be used as an identity provider: ${why}.`, cause === undefined ? {} : { cause });
