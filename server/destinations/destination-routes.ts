import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { ChangeNotices } from './change-notices.ts';
import type { ChangeService } from './change-service.ts';
import type { ConnectorService } from './connector-service.ts';
import type { DesiredStateService } from './desired-state-service.ts';
import type { DestinationService } from './destination-service.ts';
import type { EnrolmentService } from './enrolment-service.ts';
import type { StreamService } from './stream-service.ts';

export interface DestinationServices {
  readonly destinations: DestinationService;
  readonly enrolment: EnrolmentService;
  readonly connectors: ConnectorService;
  readonly desiredState: DesiredStateService;
  readonly changes: ChangeService;
  readonly notices: ChangeNotices;
  readonly streams: StreamService;
}

export function destinationRoutes(router: Router, context: RouteContext, services: DestinationServices): void {
  const { destinations, changes, streams } = services;
  route(router, context, api.destinations.list, async ({ query }) => destinations.list(query));
  route(router, context, api.destinations.get, async ({ params }) => destinations.get(params.id));
  route(router, context, api.destinations.create, async ({ body, caller }) => destinations.create(body, caller));
  route(router, context, api.destinations.update, async ({ params, body, caller }) => destinations.update(params.id, body, caller));
  route(router, context, api.destinations.remove, async ({ params, caller }) => destinations.remove(params.id, caller));
  route(router, context, api.destinations.createJoinToken, async ({ params, caller }) => destinations.createJoinToken(params.id, caller));
  route(router, context, api.destinations.streams, async ({ params }) => streams.of(params.id));
  route(router, context, api.destinations.directory, async ({ query }) => destinations.directory(query));
  route(router, context, api.changes.acknowledgements, async ({ params, query, caller }) =>
    changes.acknowledgements(params.revision, query.waitSeconds, caller),
  );
}

export function connectorRoutes(
  router: Router,
  context: RouteContext,
  { enrolment, connectors, desiredState, notices, streams }: DestinationServices,
): void {
  route(router, context, api.connectors.enrol, async ({ body, source }) => enrolment.enrol(body, source));
  route(router, context, api.connectors.desiredState, async ({ query, caller }) => desiredState.read(caller.destination.id, query));
  route(router, context, api.connectors.acknowledge, async ({ body, caller }) => connectors.acknowledge(body, caller));
  route(router, context, api.connectors.report, async ({ body, caller }) => connectors.report(body, caller));
  route(router, context, api.connectors.tellStreams, async ({ body, caller }) => streams.tell(body, caller));
  route(router, context, api.connectors.uploadAudit, async ({ body, caller }) => connectors.storeAccessLog(body.events, caller));
  route(router, context, api.connectors.servingCertificate, async ({ body, caller }) => connectors.servingCertificate(body, caller));
  route(router, context, api.connectors.changes, async ({ caller, response }) => {
    notices.open(caller, response);
    // `route` sends nothing for a stream; the value only fits the type.
    return { epoch: '', revision: 0 };
  });
}
