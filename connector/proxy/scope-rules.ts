/** What of a request's meaning rights depend on, and the two kinds that are of no namespace and yet harmless: pure. */
export interface RequestScope {
  readonly isResource: boolean;
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  /** As it was sent, without the query. */
  readonly path: string;
}

const selfReviews: Readonly<Record<string, readonly string[]>> = {
  'authentication.k8s.io': ['selfsubjectreviews'],
  'authorization.k8s.io': ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
};

/** `kubectl auth whoami` and `can-i`. */
export const isSelfReview = (scope: RequestScope): boolean =>
  scope.verb === 'create' && (selfReviews[scope.apiGroup] ?? []).includes(scope.resource);

/** What kubectl reads of a cluster before anything else: which APIs there are, not what is in them. */
export const isDiscovery = (scope: RequestScope): boolean =>
  !scope.isResource && scope.verb === 'get' && /^\/(?:api|apis|openapi|version)(?:\/|$)/.test(scope.path);
