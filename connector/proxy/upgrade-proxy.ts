/**
 * exec, attach, port-forward and cp: WebSocket and SPDY upgrades, by GET or POST. The upstream connection serves this one request; a refused
 * upgrade is relayed and both connections end, so nothing can be sent down an authenticated socket afterwards (CVE-2018-1002105).
 */
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ByteCounts } from './access-log.ts';
import { openRequestOf, type Admission, type Admitted } from './admission.ts';
import type { Gate } from './gate.ts';
import { answerHeaders } from './response-screen.ts';
import { statusCodeOf, statusResponse, type Refusal } from './status.ts';
import { unreachable } from './unreachable.ts';
import { endAndLinger, relay } from './relay.ts';
import type { Upstream } from './upstream.ts';

export type UpgradeHandler = (request: IncomingMessage, client: Duplex, head: Buffer) => void;

/** From the client's request to the apiserver's answer. */
const answerMilliseconds = 30_000;

export function createUpgradeHandler(admission: Admission, upstream: Upstream, gate: Gate): UpgradeHandler {
  return (request, client, head) => {
    client.on('error', () => client.destroy());
    void Promise.resolve(admission.admit(request, true)).then((result) => {
      if (result.kind === 'refused') answerAndEnd(client, result.refusal);
      else if (client.destroyed) result.record.ended(0, 'the connection broke');
      else connect({ request, client, head, admitted: result, upstream, gate });
    });
  };
}

interface Crossing {
  readonly request: IncomingMessage;
  readonly client: Duplex;
  readonly head: Buffer;
  readonly admitted: Admitted;
  readonly upstream: Upstream;
  readonly gate: Gate;
}

function connect(crossing: Crossing): void {
  const { request, client, admitted, upstream, gate } = crossing;
  let status = 0;
  const headers = upstream.headersFor(admitted.headers, admitted.impersonation, admitted.record.id);
  const outgoing = httpsRequest({
    host: upstream.host,
    port: upstream.port,
    agent: upstream.upgradeAgent,
    ...upstream.tls(),
    method: request.method,
    path: request.url,
    headers: { ...headers, connection: 'Upgrade', upgrade: admitted.upgrade },
    timeout: answerMilliseconds,
  });
  let isOver = false;
  /** In words while nothing has been answered. */
  const turnAway = (refusal: Refusal): void => {
    if (isOver) return;
    isOver = true;
    admitted.record.ended(status === 0 ? statusCodeOf(refusal) : status, refusal.message);
    if (status === 0) answerAndEnd(client, refusal);
    else client.destroy();
  };
  const open = openRequestOf(admitted, (refusal) => {
    outgoing.destroy();
    turnAway(refusal);
  });
  gate.open(open);
  client.once('close', () => {
    gate.close(open);
    outgoing.destroy();
    admitted.record.ended(status);
  });
  outgoing.once('timeout', () => outgoing.destroy(new Error('no answer to the upgrade')));
  outgoing.once('error', (error) => turnAway(unreachable(error)));
  outgoing.once('response', (incoming) => {
    const refusal = upstream.refusalOf(incoming.statusCode ?? 502, incoming.headers.location, admitted.info.subresource);
    if (refusal === undefined) {
      status = incoming.statusCode ?? 502;
      relayAndEnd(incoming, client, admitted);
      return;
    }
    incoming.destroy();
    turnAway(refusal);
  });
  outgoing.once('upgrade', (incoming, cluster, clusterHead) => {
    status = 101;
    cluster.setTimeout(0);
    admitted.record.streamOpened(101);
    client.write(
      answerHead(101, 'Switching Protocols', answerHeaders(incoming.rawHeaders).kept, [
        'Connection: Upgrade',
        `Upgrade: ${incoming.headers.upgrade ?? ''}`,
      ]),
    );
    splice({ client, clientHead: crossing.head, cluster, clusterHead, bytes: admitted.record.bytes });
  });
  outgoing.end();
}

interface Ends {
  readonly client: Duplex;
  readonly clientHead: Buffer;
  readonly cluster: Duplex;
  readonly clusterHead: Buffer;
  readonly bytes: ByteCounts;
}

/** Both ways; an end is passed on after the last byte, and when the cluster is gone what came of it still goes out. */
function splice({ client, clientHead, cluster, clusterHead, bytes }: Ends): void {
  for (const socket of [client, cluster]) if (socket instanceof Socket) socket.setNoDelay(true);
  // Its close follows, and says all there is to do.
  cluster.on('error', () => undefined);
  cluster.once('close', () => endAndLinger(client));
  client.once('close', () => cluster.destroy());
  relay(client, cluster, (count) => (bytes.received += count), clientHead);
  relay(cluster, client, (count) => (bytes.sent += count), clusterHead);
}

function relayAndEnd(incoming: IncomingMessage, client: Duplex, admitted: Admitted): void {
  client.write(
    answerHead(incoming.statusCode ?? 502, incoming.statusMessage ?? '', answerHeaders(incoming.rawHeaders).kept, ['Connection: close']),
  );
  // Without a length the body ends with the connection, which ends here in any case.
  incoming.on('error', () => client.destroy());
  incoming.on('data', (chunk: Buffer) => {
    admitted.record.bytes.sent += chunk.length;
    if (!client.write(chunk)) {
      incoming.pause();
      client.once('drain', () => incoming.resume());
    }
  });
  incoming.once('end', () => endAndLinger(client));
}

function answerAndEnd(client: Duplex, refusal: Refusal): void {
  if (client.destroyed) return;
  client.write(statusResponse(refusal));
  endAndLinger(client);
}

/** `kept`: names and values in turn. */
function answerHead(status: number, message: string, kept: readonly string[], lines: readonly string[]): string {
  const head = [`HTTP/1.1 ${status} ${message}`];
  for (let index = 0; index + 1 < kept.length; index += 2) head.push(`${kept[index] ?? ''}: ${kept[index + 1] ?? ''}`);
  return [...head, ...lines, '', ''].join('\r\n');
}
