/** Where a provider finds the public part of the key by which we are known there. */
import type { Router } from 'express';
import type { Logger } from '../../shared/node/logger.ts';
import type { ProviderStore } from '../identity/provider-store.ts';
import { pageRoute, sendPage } from '../http/page.ts';

const clientKeysPath = '/login/client-keys';

export const clientKeysUriOf =
  (publicUrl: string) =>
  (providerName: string): string =>
    `${publicUrl}${clientKeysPath}/${providerName}`;

const noKeyPage = {
  title: 'No key',
  says: ['There is no identity provider here that knows infra by a key of this name.'],
  isFailure: true,
};

export function clientKeyRoutes(
  router: Router,
  { providers, logger }: { readonly providers: Pick<ProviderStore, 'findByName'>; readonly logger: Logger },
): void {
  const keyOf = async (name: unknown) => (typeof name === 'string' ? (await providers.findByName(name))?.clientKey : null) ?? undefined;

  // RFC 7517 §5.
  pageRoute(router, logger, `${clientKeysPath}/:provider`, async (request, response) => {
    const key = await keyOf(request.params['provider']);
    if (key === undefined) {
      sendPage(response, 404, noKeyPage);
      return;
    }
    response.setHeader('Cache-Control', 'max-age=60');
    response.json({ keys: [key] });
  });

  pageRoute(router, logger, `${clientKeysPath}/:provider/certificate.pem`, async (request, response) => {
    const [certificate] = (await keyOf(request.params['provider']))?.x5c ?? [];
    if (certificate === undefined) {
      sendPage(response, 404, noKeyPage);
      return;
    }
    const lines = certificate.match(/.{1,64}/g) ?? [];
    response.type('application/x-pem-file').send(['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'));
  });
}
