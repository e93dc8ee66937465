/** A request as it came and the way to answer it, whichever protocol it came over. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Refusal } from './status.ts';

/** What a decision can be made from; a Node `IncomingMessage` is one. */
export interface RequestHead {
  readonly method?: string | undefined;
  /** The request target, byte for byte. */
  readonly url?: string | undefined;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  /** The TLS connection. */
  readonly socket: Socket;
}

export interface Answer {
  readonly status: number;
  /** Of the status line; HTTP/2 has none. */
  readonly message: string;
  /** Names and values in turn, none that concern one connection alone. */
  readonly headers: string[];
}

export interface Exchange {
  readonly head: RequestHead;
  /** Undefined: the request has none. */
  readonly body: Readable | undefined;
  /** The head of the answer is on its way. */
  readonly hasAnswered: boolean;
  readonly isClosed: boolean;
  /** All of it at once. */
  answerWhole(answer: Answer, body: Buffer): void;
  /** Its head goes out at once; its body follows. */
  begin(answer: Answer): void;
  /** False: wait until it has drained. */
  write(chunk: Buffer): boolean;
  onceDrained(listener: () => void): void;
  /** @param trailers names and values in turn. */
  end(trailers: readonly string[]): void;
  /** In words when nothing was answered yet, else the answer is torn, which the client sees. */
  refuse(refusal: Refusal): void;
  /** @param listener called once, told whether the answer went out whole. */
  onceClosed(listener: (isWhole: boolean) => void): void;
}
