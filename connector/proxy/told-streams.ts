/** Open streams as the server is told of them: pure. All are counted, the newest are named. */
import { streamsNamed, type ToldStreams } from '../../shared/api/open-streams.ts';
import { leaseId } from '../../shared/api/values.ts';
import { toTime } from '../../shared/clock.ts';
import type { OpenRequest } from './open-requests.ts';

export function toldStreamsOf(requests: readonly OpenRequest[]): ToldStreams {
  const streams = requests.filter(({ isStream }) => isStream);
  const newest = streams.toSorted((one, other) => other.since - one.since).slice(0, streamsNamed);
  return {
    total: streams.length,
    streams: newest.map((request) => ({
      leaseId: leaseId.parse(request.leaseId),
      since: toTime(request.since),
      verb: request.scope.verb.slice(0, 40),
      path: request.scope.path.slice(0, 500),
      namespace: request.scope.namespace.slice(0, 253),
      resource: request.scope.resource.slice(0, 253),
      subresource: request.scope.subresource.slice(0, 253),
      name: request.name.slice(0, 253),
    })),
  };
}
