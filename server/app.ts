/** The HTTP application: middleware in order, every endpoint mounted, problems last. Knows nothing of TLS, ports or storage. */
import express, { type Express, type Router } from 'express';
import { sessionSecret } from './http/authenticate.ts';
import { readBody } from './http/body.ts';
import { healthRoutes, type Readiness } from './http/health.ts';
import type { Metrics } from './http/metrics.ts';
import { refuseOtherMethods } from './http/other-methods.ts';
import { notFound, problemHandler } from './http/problem-handler.ts';
import type { RouteContext } from './http/route.ts';
import { securityHeaders } from './http/security-headers.ts';
import type { SourceOf } from './http/source-address.ts';
import { webFiles } from './http/web-files.ts';
import type { Logger } from '../shared/node/logger.ts';
import type { AuditSource } from '../shared/api/audit.ts';
import type { Caller } from './audit/caller.ts';

export interface AppParts {
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly sourceOf: SourceOf;
  /** What people know this server by: where their browsers' requests come from. */
  readonly publicUrl: string;
  readonly authenticateSession: (secret: string, source: AuditSource) => Promise<Caller>;
  readonly authenticateConnector: RouteContext['authenticateConnector'];
  readonly recordRefusal: RouteContext['recordRefusal'];
  readonly mount: (router: Router, context: RouteContext) => void;
}

export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Look-alike paths are other paths: `/api/v1/Users` and `/api/v1/users/` are nothing.
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('query parser', 'simple');
  app.use(securityHeaders, parts.metrics.middleware);
  const router = express.Router({ caseSensitive: true, strict: true });
  healthRoutes(router, parts.readiness);
  webFiles(router);
  parts.mount(router, routeContext(parts));
  refuseOtherMethods(router);
  app.use(router);
  app.use(notFound);
  app.use(problemHandler(parts.logger));
  return app;
}

/** The small application of `metricsListen`. */
export function createMetricsApp(parts: Pick<AppParts, 'logger' | 'readiness' | 'metrics'>): Express {
  const app = express();
  app.disable('x-powered-by');
  const router = express.Router();
  healthRoutes(router, parts.readiness);
  parts.metrics.routes(router);
  app.use(router);
  app.use(notFound);
  app.use(problemHandler(parts.logger));
  return app;
}

function routeContext(parts: AppParts): RouteContext {
  return {
    authenticateSession: async (request) => parts.authenticateSession(sessionSecret(request, parts.publicUrl), parts.sourceOf(request)),
    authenticateConnector: parts.authenticateConnector,
    source: parts.sourceOf,
    readBody,
    recordRefusal: parts.recordRefusal,
  };
}
