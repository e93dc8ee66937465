/** Where Microsoft Entra ID is: its clouds, and the one tenant an issuer belongs to. */
import { isLoopbackHttp } from './provider-rules.ts';

/** Each cloud's sign-in with the Microsoft Graph that belongs to it (learn.microsoft.com/graph/deployments). */
const graphOf: Readonly<Record<string, string>> = {
  'https://login.microsoftonline.com': 'https://graph.microsoft.com',
  'https://login.microsoftonline.us': 'https://graph.microsoft.us',
  'https://login.partner.microsoftonline.cn': 'https://microsoftgraph.chinacloudapi.cn',
};
/** The tenant of all personal accounts: its people are anybody. */
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad';

const objectId = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** As Entra writes them, in lower case. */
export const isObjectId = (text: string): boolean => new RegExp(`^${objectId}$`).test(text);

/** Of an issuer that names its tenant by id. */
export const tenantOf = (issuer: string): string | undefined =>
  new RegExp(`^/(${objectId})/v2\\.0$`).exec(URL.parse(issuer)?.pathname ?? '')?.[1];

/** The Graph to ask about an issuer's people; on this machine (trials, tests) at the same address. */
export function graphBaseOf(issuer: string): string | undefined {
  const origin = URL.parse(issuer)?.origin ?? '';
  return isLoopbackHttp(issuer) ? origin : graphOf[origin];
}

/** Why an address is no issuer of one tenant's people, or undefined. */
export function entraIssuerFault(issuer: string): string | undefined {
  if (/\/(common|organizations|consumers)(\/|$)/i.test(issuer) || tenantOf(issuer) === consumers)
    return 'it is for accounts of any tenant; give that of your own: https://login.microsoftonline.com/<tenant id>/v2.0';
  if (/^https:\/\/sts\./i.test(issuer) || !issuer.endsWith('/v2.0'))
    return 'it is not the issuer of version 2.0; give https://login.microsoftonline.com/<tenant id>/v2.0';
  if (graphBaseOf(issuer) === undefined) return `it is none of Microsoft’s; give one that begins with ${Object.keys(graphOf).join(', ')}`;
  if (tenantOf(issuer) === undefined)
    return 'it does not name your tenant by its id in lower case (Entra admin center, Overview, Tenant ID): https://login.microsoftonline.com/<tenant id>/v2.0';
  return undefined;
}
