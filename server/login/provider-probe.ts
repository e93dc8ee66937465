/** Tries an identity provider the way a login would use it, step by step, and says what is wrong in words. */
import { DomainError } from '../../shared/api/problem.ts';
import type { ProviderProbe, TestStep } from '../identity/provider-service.ts';
import { directoryStep } from './directory-probe.ts';
import type { Directories } from './directories.ts';
import type { OpenIdDiscovery } from './openid-discovery.ts';
import { boundedFetch, requestSeconds, whyUnreachable } from './openid-fetch.ts';
import { tryClient, type OpenIdClient } from './openid-login.ts';
import type { ProviderLogins } from './provider-logins.ts';

interface ProviderProbeOptions {
  readonly discovery: OpenIdDiscovery;
  readonly logins: Pick<ProviderLogins, 'client'>;
  readonly directories: Directories;
}

export function createProviderProbe({ discovery, logins, directories }: ProviderProbeOptions): ProviderProbe {
  return {
    discover: async (issuer) => discovery.readFresh(issuer),
    test: async (provider) => {
      try {
        await discovery.readFresh(provider.issuer);
        const client = await logins.client(provider);
        const steps: TestStep[] = [{ step: 'discovery', outcome: 'ok', detail: `${provider.issuer} answers with its discovery document.` }];
        steps.push(await keysStep(client), await clientStep(client, provider.name));
        const directory = await directoryStep(directories, provider);
        return directory === undefined ? steps : [...steps, directory];
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        const detail = 'Not tried, because discovery failed.';
        return [
          { step: 'discovery', outcome: 'failed', detail: error.message },
          { step: 'keys', outcome: 'unknown', detail },
          { step: 'client', outcome: 'unknown', detail },
        ];
      }
    },
  };
}

async function keysStep({ metadata }: OpenIdClient): Promise<TestStep> {
  const address = metadata.jwks_uri ?? '';
  try {
    const signal = AbortSignal.timeout(requestSeconds * 1000);
    const response = await boundedFetch(address, {
      method: 'GET',
      headers: { accept: 'application/json' },
      body: undefined,
      redirect: 'manual',
      signal,
    });
    const document: unknown = await response.json();
    const keys =
      typeof document === 'object' && document !== null && 'keys' in document && Array.isArray(document.keys) ? document.keys : [];
    if (response.status === 200 && keys.length > 0) return { step: 'keys', outcome: 'ok', detail: `${address} has ${keys.length} keys.` };
    return {
      step: 'keys',
      outcome: 'failed',
      detail: `${address} has no keys, so no ID token can be checked. The provider has to be mended.`,
    };
  } catch (error) {
    const why = whyUnreachable(error) ?? 'its answer is no key set';
    return { step: 'keys', outcome: 'failed', detail: `The keys at ${address} cannot be read: ${why}.` };
  }
}

async function clientStep(client: OpenIdClient, name: string): Promise<TestStep> {
  try {
    switch (await tryClient(client)) {
      case 'ok':
        return { step: 'client', outcome: 'ok', detail: `The provider knows ${client.clientId} by ${credentialIn(client)}.` };
      case 'refused':
        return {
          step: 'client',
          outcome: 'failed',
          detail: `The provider does not take client id ${client.clientId} with ${credentialIn(client)}. ${remedyOf(client, name)}`,
        };
      case 'unclear':
        return {
          step: 'client',
          outcome: 'unknown',
          detail: `The provider did not say whether it knows us. Try a login: infra login --provider ${name}`,
        };
    }
  } catch (error) {
    const why = whyUnreachable(error) ?? 'its answer does not hold';
    return { step: 'client', outcome: 'failed', detail: `The token endpoint cannot be used: ${why}.` };
  }
}

const credentialIn = ({ credential }: OpenIdClient): string =>
  credential.kind === 'secret' ? 'the secret that is stored here' : `our key ${credential.kid}`;
const remedyOf = ({ credential }: OpenIdClient, name: string): string =>
  credential.kind === 'secret'
    ? `Look both up there and store them anew: infra providers update ${name}`
    : `Register the key there: its address is in infra providers show ${name}; the provider must be able to reach it, and may keep what it read for a while`;
