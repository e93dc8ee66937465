/** `/livez`: the process answers. `/readyz` and `/healthz`: it serves, which ends when it begins to drain. */
import type { Router } from 'express';

export interface Readiness {
  isReady(): boolean;
  setReady(ready: boolean): void;
}

export function createReadiness(): Readiness {
  let ready = false;
  return { isReady: () => ready, setReady: (next) => void (ready = next) };
}

export function healthRoutes(router: Router, readiness: Readiness): void {
  router.get('/livez', (_request, response) => void response.type('text/plain').send('ok\n'));
  for (const path of ['/readyz', '/healthz']) {
    router.get(
      path,
      (_request, response) =>
        void response
          .status(readiness.isReady() ? 200 : 503)
          .type('text/plain')
          .send(readiness.isReady() ? 'ok\n' : 'not ready\n'),
    );
  }
}
