/** Answers of the cluster that two programs could read in two ways, and a cluster that is another one. */
import type { Socket } from 'node:net';
import { createAuthority, serverAuth } from '../connector/fake-authority.ts';
import { until } from '../connector/running-connector.ts';
import { brokenIf, cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { newMarker, requestOf } from './stage.ts';

const head = cutIn('proxy/answer-head.js');
const parser = cutIn('proxy/answer-parser.js');

const path = '/api/v1/raw';

/** The cluster's bytes; broken when the client is shown them as a good answer. */
const answering = (bytes: string): Attack => ({
  on: async (stage) => {
    stage.answer('/raw', ({ socket }) => void socket.write(bytes, 'latin1'));
    return brokenIf((await stage.send(await stage.person(), requestOf(`GET ${path}`))).startsWith('HTTP/1.1 200'));
  },
});
const ok = (...lines: readonly string[]): string => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');

/** Whether a second request goes down the connection that brought more than was asked for. */
const unasked: Attack = {
  on: async (stage) => {
    const sockets: Socket[] = [];
    stage.answer('/raw', ({ socket }) => {
      sockets.push(socket);
      socket.write(`${ok('Content-Length: 2')}ok${ok('Content-Length: 4')}evil`);
    });
    const person = await stage.person();
    await stage.send(person, requestOf(`GET ${path}`));
    const [second, third] = [await stage.attempt(person, requestOf('GET /api/v1/MARKER')), sockets[0]];
    return brokenIf(second !== undefined && second.socket === third);
  },
};

/** Whether a second request is swallowed by the cluster as the rest of a body that never came. */
const unsentBody: Attack = {
  on: async (stage) => {
    const taken: string[] = [];
    stage.answer('/early', (request, response) => {
      request.on('data', (chunk: Buffer) => taken.push(chunk.toString('latin1')));
      response.writeHead(200, { 'content-length': 2 }).end('no');
    });
    const person = await stage.person();
    await stage.send(person, `${requestOf('POST /api/v1/early', 'Content-Length: 5000')}part`);
    const marker = newMarker();
    // Unanswered, where the cluster still waits for the body.
    await Promise.race([
      stage.send(person, requestOf(`GET /api/v1/${marker}`)),
      until(() => taken.join('').includes(marker), 'the body to go on', 3000).catch(() => undefined),
    ]);
    return brokenIf(taken.join('').includes(marker));
  },
};

const impostor: Attack = {
  isLast: true,
  on: async (stage) => {
    const person = await stage.person();
    const serving = await (await createAuthority()).issue({ usages: [serverAuth], names: [{ type: 'ip', value: '127.0.0.1' }] });
    stage.upstream.setSecureContext({ key: serving.keyPem, cert: serving.chain });
    stage.upstream.closeAllConnections();
    return brokenIf((await stage.attempt(person, requestOf('GET /api/v1/MARKER'))) !== undefined);
  },
};

const length = 'length !== undefined || ';
const defences: readonly Defence[] = [
  {
    name: 'an answer has one length',
    row: 31,
    cut: head(`if (${length}`, 'if ('),
    attack: answering(`${ok('Content-Length: 50', 'Content-Length: 5')}hello`),
  },
  {
    name: 'a length is digits',
    row: 31,
    cut: head('!/^\\d{1,15}$/.test(value)', 'false'),
    attack: answering(`${ok('Content-Length: +5')}hello`),
  },
  {
    name: 'a length and chunks exclude one another',
    row: 31,
    cut: head('if (length !== undefined && coding !== undefined)', 'if (false)'),
    attack: answering(`${ok('Content-Length: 3', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`),
  },
  {
    name: 'chunked is the only coding',
    row: 31,
    cut: head("value.toLowerCase() !== 'chunked'", 'false'),
    attack: answering(`${ok('Transfer-Encoding: gzip, chunked')}5\r\nhello\r\n0\r\n\r\n`),
  },
  {
    name: 'chunked comes once',
    row: 31,
    cut: head('coding !== undefined || ', ''),
    attack: answering(`${ok('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`),
  },
  {
    name: 'the version is 1.1',
    row: 31,
    cut: head('^HTTP\\/1\\.1 ', '^HTTP\\/1\\.[01] '),
    attack: answering(`${ok('Content-Length: 5').replace('1.1', '1.0')}hello`),
  },
  {
    name: 'protocols are not switched unasked',
    row: 6,
    cut: parser('if (status === 101)', 'if (false)'),
    attack: answering(`HTTP/1.1 101 Switching Protocols\r\n\r\n${ok('Content-Length: 2')}ok`),
  },
  {
    name: 'a line between chunks ends with CR and LF',
    row: 31,
    cut: parser('if (all[end - 1] !== carriageReturn)', 'if (false)'),
    attack: answering(`${ok('Transfer-Encoding: chunked')}5;\nhello\r\n0\r\n\r\n`),
  },
  {
    name: 'what nobody asked for ends the connection',
    row: 31,
    cut: parser("throw new AnswerError('bytes came that nobody asked for');", 'return nothing;'),
    attack: unasked,
  },
  {
    name: 'a connection whose request was not sent whole is not used again',
    row: 31,
    cut: cutIn('proxy/upstream-connection.js')('this.#keepsAlive && this.#isBodySent &&', 'this.#keepsAlive &&'),
    attack: unsentBody,
  },
  {
    name: 'the cluster is the one whose authority is known',
    row: 31,
    cut: cutIn('proxy/upstream-pool.js')('rejectUnauthorized: true', 'rejectUnauthorized: false'),
    attack: impostor,
  },
];

describeDefences('answers of the cluster', defences);
