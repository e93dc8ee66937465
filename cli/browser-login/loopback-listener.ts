/**
 * Where the browser brings the answer of a login (RFC 8252 §7.3): a free port of 127.0.0.1, open for one login and for one answer. Whatever
 * else comes is refused with the same words and changes nothing.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { CliError, errorCode } from '../failure.ts';
import { type LoopbackPage, protectiveHeaders, sendPage } from './loopback-page.ts';
import { type LoginAnswer, readLoginAnswer } from './loopback-request.ts';

export interface Answered {
  readonly answer: LoginAnswer;
  /** Sends the browser on, or shows it a page of ours; to be called once. */
  conclude(next: { readonly location: string } | { readonly page: LoopbackPage }): Promise<void>;
}

export interface Loopback {
  readonly port: number;
  /** The first answer that holds. */
  readonly answered: Promise<Answered>;
  close(): void;
}

const refusal: LoopbackPage = {
  title: 'This is not the login that was waited for',
  sentence: 'Nothing was changed. Close this tab and look at the terminal.',
};

export async function listenOnLoopback(state: string): Promise<Loopback> {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000, maxHeaderSize: 8_192 });
  server.maxConnections = 32;
  const port = await listen(server);
  const answered = new Promise<Answered>((resolve) => {
    let isAnswered = false;
    server.on('request', (request, response) => {
      const answer = isAnswered ? undefined : readLoginAnswer(request, { port, state });
      if (answer === undefined) {
        sendPage(response, 400, refusal);
        return;
      }
      isAnswered = true;
      resolve({ answer, conclude: (next) => conclude(response, next) });
    });
  });
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, answered, close };
}

async function listen(server: Server): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  } catch (cause) {
    throw new CliError(
      'failed',
      `no port of 127.0.0.1 can be opened for the browser's answer (${errorCode(cause) ?? 'unknown'}); log in without a browser: --user EMAIL or --key-stdin`,
      { cause },
    );
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

/** Resolves when it is written; also when the browser has gone away meanwhile. */
async function conclude(response: ServerResponse, next: Parameters<Answered['conclude']>[0]): Promise<void> {
  const written = new Promise<void>((resolve) => response.once('finish', resolve).once('close', resolve));
  if (response.closed) return;
  if ('page' in next) sendPage(response, 200, next.page);
  else response.writeHead(303, { ...protectiveHeaders, location: next.location }).end();
  await written;
}
