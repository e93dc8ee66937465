/** A known address asked in a way it does not know: 405 that says which ways there are (RFC 9110 §15.5.6). */
import type { Router } from 'express';
import { endpoints } from '../../shared/api/index.ts';
import { DomainError } from '../../shared/api/problem.ts';

/** Comes after the endpoints. Express would answer OPTIONS by itself, with 200 and to anybody. */
export function refuseOtherMethods(router: Router): void {
  for (const [path, here] of Map.groupBy(endpoints, (endpoint) => endpoint.path)) {
    const allowed = here.map(({ method }) => method).join(', ');
    router.all(path, (_request, response) => {
      response.setHeader('Allow', allowed);
      throw new DomainError('request.method-not-allowed', `This address takes ${allowed}.`);
    });
  }
}
