/** What is kept for a cluster-wide `cluster-admin` grant: pure. */
import type { RequestScope } from './scope-rules.ts';

const readVerbs = new Set(['get', 'list', 'watch']);

/**
 * Rights that would outlive a revocation or lead to the connector's own account (`edit` holds them all): minting service-account tokens
 * anywhere; in the connector's namespace everything but reading what is neither secret nor pod; and lists of all namespaces' secrets, which
 * would show the connector's. In words; undefined: the request is none of these.
 */
export function whyGuarded(scope: RequestScope, guardedNamespace: string | undefined): string | undefined {
  if (scope.resource === 'serviceaccounts' && scope.subresource === 'token' && scope.verb === 'create')
    return 'minting service-account tokens is not possible through infra, as they outlive a revocation';
  if (guardedNamespace === undefined || !scope.isResource || (scope.apiGroup !== '' && readVerbs.has(scope.verb))) return undefined;
  if (scope.namespace === '' && scope.resource === 'secrets' && readVerbs.has(scope.verb))
    return "secrets of all namespaces include the connector's own (name a namespace with -n)";
  if (scope.namespace !== guardedNamespace) return undefined;
  const isHarmless = readVerbs.has(scope.verb) && scope.subresource === '' && scope.resource !== 'secrets' && scope.resource !== 'pods';
  return isHarmless ? undefined : `the namespace ${guardedNamespace} is the connector's own`;
}
