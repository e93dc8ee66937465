/** From a request as it came to a request that may go on, or a refusal: certificate, headers, path, gate, audit, in this order, for plain requests and upgrades alike. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import type { AccessLog, RequestRecord } from './access-log.ts';
import type { Gate, Verdict } from './gate.ts';
import type { Impersonation } from './impersonation.ts';
import type { OpenRequest } from './open-requests.ts';
import type { Peer, PeerResult } from './peer-certificate.ts';
import { cleanHeaders } from './request-headers.ts';
import { readRequest, type RequestInfo } from './request-info.ts';
import { refuse, statusCodeOf, type Refusal } from './status.ts';
import type { UpstreamHeaders } from './upstream.ts';

export interface Admitted {
  readonly kind: 'admitted';
  readonly info: RequestInfo;
  readonly peer: Peer;
  readonly impersonation: Impersonation;
  readonly until: number;
  readonly headers: UpstreamHeaders;
  /** The protocol of an upgrade, as the client spelled it. */
  readonly upgrade: string | undefined;
  readonly record: RequestRecord;
}

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
}

export interface Admission {
  admit(request: IncomingMessage, isUpgrade: boolean): Admitted | Refused | Promise<Admitted | Refused>;
}

export interface AdmissionOptions {
  readonly gate: Gate;
  readonly accessLog: AccessLog;
  readonly clock: Clock;
  readonly peerOf: (socket: Socket) => PeerResult;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { gate, accessLog } = options;
  return {
    admit: (request, isUpgrade) => {
      const { socket } = request;
      const identified = options.peerOf(socket);
      const peer = identified.kind === 'peer' ? identified.peer : undefined;
      const read = readRequest(request.method ?? '', request.url ?? '');
      const info = read.kind === 'read' ? read.info : undefined;
      const record = accessLog.start({
        method: request.method ?? '',
        target: request.url ?? '',
        address: socket.remoteAddress ?? '',
        userAgent: request.headers['user-agent'] ?? '',
        peer,
        info,
      });
      const turnAway = (refusal: Refusal): Refused => {
        record.refused(statusCodeOf(refusal), refusal.message);
        return { kind: 'refused', refusal };
      };

      if (identified.kind === 'refused') return turnAway(refuse('Unauthorized', `${identified.why}; log in with: infra login`));
      const untimely = timeRefusal(identified.peer, options.clock.now());
      if (untimely !== undefined) return turnAway(untimely);
      const headers = cleanHeaders(request.rawHeaders, isUpgrade);
      if (headers.kind === 'refused') return turnAway(refuse(headers.reason, headers.why));
      if (read.kind === 'ambiguous') return turnAway(refuse('BadRequest', read.why));
      if (isUpgrade && headers.upgrade === undefined) return turnAway(refuse('BadRequest', 'an upgrade must name one protocol'));

      const conclude = (verdict: Verdict): Admitted | Refused => {
        if (verdict.kind === 'refused') return turnAway(verdict.refusal);
        if (!accessLog.canRecord()) return turnAway(unrecordable);
        record.impersonated(verdict.impersonation);
        return {
          ...verdict,
          kind: 'admitted',
          info: read.info,
          peer: identified.peer,
          headers: headers.headers,
          upgrade: headers.upgrade,
          record,
        };
      };
      const verdict = gate.judge(identified.peer, read.info);
      return verdict instanceof Promise ? verdict.then(conclude) : conclude(verdict);
    },
  };
}

/** What the gate has to know of an admitted request to end it. */
export const openRequestOf = (admitted: Admitted, close: (reason: string) => void): OpenRequest => ({
  identityId: admitted.peer.identityId,
  leaseId: admitted.peer.leaseId,
  scope: admitted.info,
  lent: admitted.impersonation,
  until: admitted.until,
  close,
});

function timeRefusal(peer: Peer, now: number): Refusal | undefined {
  if (now < peer.notBefore) return refuse('Unauthorized', 'this certificate is not valid yet; is the clock of the infra server right?');
  if (now >= peer.notAfter)
    return refuse('Unauthorized', 'this certificate has ended; kubectl fetches a new one by itself, else: infra login');
  return undefined;
}

const unrecordable = refuse(
  'ServiceUnavailable',
  'requests here must be recorded and the record cannot be kept (disk full, server away); ask an admin to look at the connector',
);
