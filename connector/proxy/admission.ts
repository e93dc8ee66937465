/** From a request as it came to a request that may go on, or a refusal: certificate, rate, headers, path, room, gate, audit, in this order, for plain requests and upgrades alike. */
import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import type { AccessLog, RequestRecord } from './access-log.ts';
import type { AskedIdentity } from './asked-rules.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { RequestHead } from './exchange.ts';
import type { Gate, Verdict } from './gate.ts';
import type { IdentityLimits, Slot } from './identity-limits.ts';
import type { Impersonation } from './impersonation.ts';
import type { OpenRequest } from './open-requests.ts';
import type { PeerAddresses } from './peer-addresses.ts';
import type { Peer, PeerResult } from './peer-certificate.ts';
import { cleanHeaders } from './request-headers.ts';
import { readRequest, type RequestInfo, type RequestInfoResult } from './request-info.ts';
import { refuse, statusCodeOf, type Refusal, type StatusReason } from './status.ts';
import type { UpstreamHeaders } from './upstream.ts';

export interface Admitted {
  readonly kind: 'admitted';
  readonly info: RequestInfo;
  readonly peer: Peer;
  readonly impersonation: Impersonation;
  readonly until: number;
  /** Said besides when the cluster refuses it. */
  readonly hint: string | undefined;
  readonly headers: UpstreamHeaders;
  /** The protocol of an upgrade, as the client spelled it. */
  readonly upgrade: string | undefined;
  /** Somebody waits for each piece of its answer. */
  readonly isStream: boolean;
  /** Milliseconds on the server's clock. */
  readonly since: number;
  readonly record: RequestRecord;
  readonly slot: Slot;
}

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
}

export interface Admission {
  admit(request: RequestHead, isUpgrade: boolean): Admitted | Refused | Promise<Admitted | Refused>;
}

export interface AdmissionOptions {
  readonly gate: Gate;
  readonly accessLog: AccessLog;
  readonly clock: Clock;
  readonly peerOf: (socket: Socket) => PeerResult;
  readonly addresses: Pick<PeerAddresses, 'of'>;
  readonly limits: IdentityLimits;
  readonly connections: Pick<ConnectionLimits, 'refusalOf'>;
  /** Who is told, for the metrics. */
  readonly counts: { refused(reason: StatusReason, status: number): void };
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { gate, accessLog, limits } = options;
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
        address: options.addresses.of(socket).address,
        userAgent: userAgentOf(request.rawHeaders),
        peer,
        info,
      });
      const turnAway = (refusal: Refusal): Refused => {
        const status = statusCodeOf(refusal);
        record.refused(status, refusal.message);
        options.counts.refused(refusal.reason, status);
        return { kind: 'refused', refusal };
      };

      if (identified.kind === 'refused') return turnAway(refuse('Unauthorized', `${identified.why}; log in with: infra login`));
      const { identityId } = identified.peer;
      // First of all, so that what is ill-formed or out of date counts too.
      const tooMuch = options.connections.refusalOf(socket) ?? limits.spend(identityId);
      if (tooMuch !== undefined) return turnAway(tooMuch);
      const screened = screen(request, isUpgrade, { read, peer: identified.peer, now: options.clock.now() });
      if ('reason' in screened) return turnAway(screened);
      if (screened.asked !== undefined) record.asked(screened.asked);
      const isStream = isUpgrade || mayStayOpen(screened.info);
      const slot = limits.occupy(identityId, isStream ? 'stream' : 'request');
      if ('reason' in slot) return turnAway(slot);

      const giveUp = (refusal: Refusal): Refused => {
        slot.release();
        return turnAway(refusal);
      };
      const conclude = (verdict: Verdict): Admitted | Refused => {
        if (verdict.kind === 'refused') return giveUp(verdict.refusal);
        if (!accessLog.canRecord()) return giveUp(unrecordable);
        // What nobody waits for any more is not opened, and so not closed either.
        if (socket.destroyed) slot.release();
        record.impersonated(verdict.impersonation);
        return { ...verdict, ...screened, kind: 'admitted', peer: identified.peer, isStream, since: options.clock.now(), record, slot };
      };
      const verdict = gate.judge(identified.peer, screened.info, screened.asked);
      return verdict instanceof Promise ? verdict.then(conclude) : conclude(verdict);
    },
  };
}

/** Whose answer may stay open. */
const mayStayOpen = (info: RequestInfo): boolean => info.verb === 'watch' || info.subresource === 'log' || info.subresource === 'proxy';

/** What the gate has to know of an admitted request to end it. */
export const openRequestOf = (admitted: Admitted, close: OpenRequest['close']): OpenRequest => ({
  identityId: admitted.peer.identityId,
  leaseId: admitted.peer.leaseId,
  scope: admitted.info,
  isStream: admitted.isStream,
  name: admitted.info.name,
  since: admitted.since,
  lent: admitted.impersonation,
  until: admitted.until,
  slot: admitted.slot,
  close,
});

interface Screened {
  readonly info: RequestInfo;
  readonly headers: UpstreamHeaders;
  readonly upgrade: string | undefined;
  readonly asked: AskedIdentity | undefined;
}

/** What can be said of a request without asking for rights. */
function screen(
  request: RequestHead,
  isUpgrade: boolean,
  known: { readonly read: RequestInfoResult; readonly peer: Peer; readonly now: number },
): Screened | Refusal {
  const untimely = timeRefusal(known.peer, known.now);
  if (untimely !== undefined) return untimely;
  const headers = cleanHeaders(request.rawHeaders, isUpgrade);
  if (headers.kind === 'refused') return refuse(headers.reason, headers.why);
  if (known.read.kind === 'ambiguous') return refuse('BadRequest', known.read.why);
  if (isUpgrade && headers.upgrade === undefined) return refuse('BadRequest', 'an upgrade must name one protocol');
  return { info: known.read.info, headers: headers.headers, upgrade: headers.upgrade, asked: headers.asked };
}

function userAgentOf(rawHeaders: readonly string[]): string {
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.length === 10 && rawHeaders[index]?.toLowerCase() === 'user-agent') return rawHeaders[index + 1] ?? '';
  return '';
}

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
