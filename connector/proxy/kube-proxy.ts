/** Ordinary requests to the kube-apiserver, watches and log follow included: streamed both ways, nothing buffered, nothing followed. */
import { openRequestOf, type Admitted } from './admission.ts';
import type { AnswerHead } from './answer-head.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { FairTurns } from './fair-turns.ts';
import type { Gate } from './gate.ts';
import type { OpenRequest } from './open-requests.ts';
import { requestHead } from './request-head.ts';
import { answerHeaders } from './response-screen.ts';
import { statusCodeOf, type Refusal } from './status.ts';
import { unreachable } from './unreachable.ts';
import type { Upstream } from './upstream.ts';
import { ConnectionLost, type UpstreamConnection, type UpstreamListener, type UpstreamRequest } from './upstream-connection.ts';

export interface KubeProxy {
  forward(exchange: Exchange, admitted: Admitted): void;
}

export interface KubeProxyParts {
  readonly upstream: Upstream;
  readonly gate: Gate;
  readonly turns: FairTurns;
}

export function createKubeProxy(parts: KubeProxyParts): KubeProxy {
  return {
    forward: (exchange, admitted) => {
      new Passage({ ...parts, exchange, admitted }).begin();
    },
  };
}

interface Parties extends KubeProxyParts {
  readonly exchange: Exchange;
  readonly admitted: Admitted;
}

const nothing = Buffer.alloc(0);
/** Of an answer that is soon all there: it goes out in one write, and its one line in the access log knows its size. */
const mostHeldBytes = 65_536;
const holdMilliseconds = 20;

/** One request on its way, and what the cluster answers. */
class Passage implements UpstreamListener {
  readonly #parties: Parties;
  readonly #open: OpenRequest;
  #connection: UpstreamConnection | undefined;
  /** The answer has come as far as this and nothing of it has gone on yet. */
  #answer: Answer | undefined;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #holding: NodeJS.Timeout | undefined;
  #status = 0;
  #retried = false;
  /** Given up, ended or refused: nothing more of it goes to the cluster. */
  #isOver = false;

  constructor(parties: Parties) {
    this.#parties = parties;
    this.#open = openRequestOf(parties.admitted, (refusal) => this.#turnAway(refusal));
  }

  begin(): void {
    const { exchange, admitted, gate, turns } = this.#parties;
    gate.open(this.#open);
    exchange.onceClosed((isWhole) => {
      gate.close(this.#open);
      this.#countReceived();
      this.#abort();
      admitted.record.ended(this.#status, isWhole ? '' : 'the connection broke');
    });
    turns.take(admitted.peer.identityId, () => {
      if (!this.#isOver) this.#send();
    });
  }

  onHead({ status, message, headers }: AnswerHead): void {
    const { info, hint } = this.#parties.admitted;
    const { kept, location } = answerHeaders(headers);
    const refusal = this.#parties.upstream.refusalOf(status, location, info.subresource);
    if (refusal !== undefined) {
      this.#turnAway(refusal);
      return;
    }
    // kubectl and client-go show it to the person (RFC 7234 §5.5; KEP-1693); the Status stays the cluster's.
    if (status === 403 && hint !== undefined) kept.push('Warning', `299 infra "${hint}"`);
    this.#status = status;
    this.#answer = { status, message, headers: kept };
  }

  onBody(chunk: Buffer): void {
    if (this.#answer === undefined) this.#write(chunk);
    else {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
    }
  }

  /** More is to come: what is here goes on, at once where people wait for each piece, else when it is not all there in a moment. */
  onPause(): void {
    if (this.#answer === undefined) return;
    if (this.#parties.admitted.isStream || this.#heldBytes > mostHeldBytes) this.#goOn();
    else this.#holding ??= setTimeout(() => this.#goOn(), holdMilliseconds);
  }

  /** Recorded before a byte of it goes out: a kill of this program right after loses nothing. */
  #goOn(): void {
    const answer = this.#answer;
    if (answer === undefined) return;
    const held = this.#release();
    this.#countReceived();
    this.#parties.admitted.record.streamOpened(this.#status);
    this.#parties.exchange.begin(answer);
    if (held.length > 0) this.#write(held);
  }

  onEnd(trailers: readonly string[]): void {
    this.#countReceived();
    this.#connection = undefined;
    const {
      exchange,
      admitted: { record },
    } = this.#parties;
    const sent = answerHeaders(trailers).kept;
    if (sent.length > 0) this.#goOn();
    const answer = this.#answer;
    if (answer === undefined) {
      exchange.end(sent);
      return;
    }
    const held = this.#release();
    record.bytes.sent += held.length;
    record.ended(this.#status);
    exchange.answerWhole(answer, held);
  }

  onError(error: Error): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#release();
    if (connection !== undefined && this.#mayTryAgain(error, connection)) {
      this.#retried = true;
      this.#send();
      return;
    }
    this.#turnAway(unreachable(error));
  }

  #send(): void {
    const { upstream } = this.#parties;
    let request: UpstreamRequest;
    try {
      request = this.#request();
    } catch (error) {
      // A credential of the connector that no header can carry, say.
      this.#turnAway(unreachable(error as Error));
      return;
    }
    this.#connection = upstream.pool.take();
    this.#connection.send(request, this);
  }

  #request(): UpstreamRequest {
    const { exchange, admitted, upstream } = this.#parties;
    const { head, body } = exchange;
    const method = head.method ?? '';
    const headers = upstream.headersFor(admitted.headers, admitted.impersonation, admitted.record.id);
    const isChunked = body !== undefined && headers['content-length'] === undefined;
    if (isChunked) headers['transfer-encoding'] = 'chunked';
    return {
      method,
      head: requestHead(method, head.url ?? '', headers),
      body: body === undefined ? undefined : { stream: body, isChunked },
    };
  }

  #write(chunk: Buffer): void {
    const connection = this.#connection;
    this.#parties.admitted.record.bytes.sent += chunk.length;
    if (this.#parties.exchange.write(chunk) || connection === undefined) return;
    connection.pause();
    this.#parties.exchange.onceDrained(() => connection.resume());
  }

  #countReceived(): void {
    if (this.#connection !== undefined) this.#parties.admitted.record.bytes.received = this.#connection.bodyBytes;
  }

  /** In words while nothing has been answered; once the answer has begun the client must see a torn one, not a short one. */
  #turnAway(refusal: Refusal): void {
    const { exchange, admitted } = this.#parties;
    if (!exchange.hasAnswered) this.#status = statusCodeOf(refusal);
    this.#countReceived();
    admitted.record.ended(this.#status, refusal.message);
    this.#abort();
    exchange.refuse(refusal);
  }

  #abort(): void {
    this.#isOver = true;
    this.#connection?.abort();
    this.#connection = undefined;
    this.#release();
  }

  /** What was held back of the body. */
  #release(): Buffer {
    this.#answer = undefined;
    clearTimeout(this.#holding);
    this.#holding = undefined;
    this.#heldBytes = 0;
    if (this.#held.length === 0) return nothing;
    const parts = this.#held.splice(0);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** A kept connection that the apiserver closed just then: only what has no effect and no body is sent again, once. */
  #mayTryAgain(error: Error, connection: UpstreamConnection): boolean {
    const { head, body, hasAnswered } = this.#parties.exchange;
    if (this.#retried || hasAnswered || body !== undefined || !connection.isReused || !connection.isUnanswered) return false;
    const isLost = error instanceof ConnectionLost || ('code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code)));
    return isLost && (head.method === 'GET' || head.method === 'HEAD');
  }
}
