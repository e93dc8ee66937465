/** Headers that would make somebody else of a person, or two requests of one; and who a request is when it reaches the cluster. */
import type { IncomingMessage } from 'node:http';
import { brokenIf, cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { newMarker, requestOf, type PersonWish } from './stage.ts';

const cut = cutIn('proxy/request-headers.js');
const upstream = cutIn('proxy/upstream.js');
const identity = cutIn('proxy/impersonation.js');
const names = cutIn('../shared/cluster-names.js');

const get = 'GET /api/v1/namespaces/team-a/pods/MARKER';
const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];

/** It should not reach the cluster at all. */
const sending = (...headers: readonly string[]): Attack => ({
  on: async ({ person, attempt }) => brokenIf((await attempt(await person(), requestOf(get, ...headers))) !== undefined),
});

/** It may reach the cluster, but not so. */
const arriving = (isHarmful: (request: IncomingMessage) => boolean, headers: readonly string[] = [], wish: PersonWish = {}): Attack => ({
  on: async ({ person, attempt }) => {
    const request = await attempt(await person(wish), requestOf(get, ...headers));
    return brokenIf(request !== undefined && isHarmful(request));
  },
});

/** As bytes, whatever the cluster makes of them. */
const smuggling = (...headers: readonly string[]): Attack => ({
  on: async ({ person, send, reached, illFormed }) => {
    const marker = newMarker();
    await send(await person(), `${requestOf(`POST /api/v1/${marker}`, ...headers)}5\r\nhello\r\n0\r\n\r\n`);
    return brokenIf(reached(marker) !== undefined || illFormed.some((bytes) => bytes.includes(marker)));
  },
});

const valuesOf = ({ rawHeaders }: IncomingMessage, wanted: string): readonly string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === wanted);

const openList = cut('else if (repeatable.has(name) || (isUpgrade && webSocket.has(name)))', 'else');
const tokenIsSetLast = upstream('if (token !== undefined)', "if (token !== undefined && headers['authorization'] === undefined)");
const evilToken = ['Authorization: Bearer evil'];
const hasEvilToken = (request: IncomingMessage): boolean => valuesOf(request, 'authorization').some((value) => value.includes('evil'));
const connection = cut("if (name === 'connection' || name === 'proxy-connection')", 'if (false)');
/** Node's own parser refuses some of these first. */
const strictParser = cutIn('proxy/http1-front.js')('requireHostHeader: false,', 'requireHostHeader: false, insecureHTTPParser: true,');

const defences: readonly Defence[] = [
  { name: 'Connection names no header of ours', row: 1, cut: connection, attack: sending('Connection: Impersonate-User, Authorization') },
  { name: 'nor does Proxy-Connection', row: 1, cut: connection, attack: sending('Proxy-Connection: Impersonate-User') },
  {
    name: 'nor does Connection on an upgrade',
    row: 1,
    cut: connection,
    attack: sending('Connection: Upgrade, Impersonate-User', 'Upgrade: websocket'),
  },
  {
    name: 'headers that a front proxy of Kubernetes sets are left behind',
    row: 3,
    cut: openList,
    attack: arriving(
      (request) => request.headers['x-remote-user'] !== undefined,
      ['X-Remote-User: admin', 'X-Remote-Group: system:masters'],
    ),
  },
  {
    name: 'headers that other proxies believe are left behind',
    row: 3,
    cut: openList,
    attack: arriving((request) => request.headers['x-forwarded-for'] !== undefined, ['X-Forwarded-For: 1.2.3.4']),
  },
  {
    name: 'cookies are left behind',
    row: 9,
    cut: openList,
    attack: arriving((request) => request.headers.cookie !== undefined, ['Cookie: a=b']),
  },
  {
    name: "the client's own token is left behind",
    row: 9,
    cut: openList,
    behind: [tokenIsSetLast],
    attack: arriving(hasEvilToken, evilToken),
  },
  { name: "the connector's token is set last", row: 9, cut: tokenIsSetLast, behind: [openList], attack: arriving(hasEvilToken, evilToken) },
  {
    name: 'a token in Sec-WebSocket-Protocol is refused',
    row: 9,
    cut: cut("if (name === 'sec-websocket-protocol' &&", 'if (false &&'),
    attack: sending(...upgrade, 'Sec-WebSocket-Protocol: v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.eA'),
  },
  {
    name: 'what may come once comes once',
    row: 3,
    cut: cut('if (headers[name] !== undefined)', 'if (false)'),
    attack: sending('Content-Type: application/json', 'Content-Type: application/yaml'),
  },
  { name: 'there is one Host', row: 31, cut: cut('if (hosts !== 1)', 'if (false)'), attack: sending('Host: other') },
  {
    name: 'there are not too many headers',
    row: 31,
    cut: cut('if (rawHeaders.length > mostHeaders * 2)', 'if (false)'),
    attack: sending(...Array.from({ length: 250 }, (_, index) => `X-${index}: y`)),
  },
  {
    name: 'a length and chunks exclude one another',
    row: 31,
    cut: cut("if (headers['content-length'] !== undefined && headers['transfer-encoding'] !== undefined)", 'if (false)'),
    behind: [strictParser],
    attack: smuggling('Content-Length: 5', 'Transfer-Encoding: chunked'),
  },
  {
    name: "Node's parser refuses a length beside chunks by itself",
    row: 31,
    cut: strictParser,
    behind: [cut("if (headers['content-length'] !== undefined && headers['transfer-encoding'] !== undefined)", 'if (false)')],
    attack: smuggling('Content-Length: 5', 'Transfer-Encoding: chunked'),
  },
  {
    name: 'chunked is the only coding of a body',
    row: 31,
    cut: cut("if (name === 'transfer-encoding' && value.trim().toLowerCase() !== 'chunked')", 'if (false)'),
    attack: smuggling('Transfer-Encoding: gzip, chunked'),
  },
  {
    name: 'every request says whom it is from',
    row: 9,
    cut: identity("const headers = [['Impersonate-User', user]];", 'const headers = [];'),
    attack: arriving((request) => valuesOf(request, 'impersonate-user').length !== 1),
  },
  {
    name: 'names are prefixed, so that none is bound natively',
    row: 37,
    cut: names('? `${prefix}${name}` :', '? name :'),
    attack: arriving((request) => valuesOf(request, 'impersonate-user')[0] === 'admin@example.com', [], { name: 'admin@example.com' }),
  },
  {
    name: 'so are groups of the directory',
    row: 37,
    cut: names('`infra:group:${grant.group}`', 'grant.group'),
    attack: arriving((request) => valuesOf(request, 'impersonate-group').includes('system:masters'), [], {
      grants: [
        { role: 'view', namespace: 'team-a' },
        { role: 'connect', group: 'system:masters' },
      ],
    }),
  },
  {
    name: 'a name beyond printable ASCII is not sent as it is',
    row: 17,
    cut: names('return /^[\\x21-\\x7e]+$/.test(name) ?', 'return true ?'),
    behind: [cutIn('proxy/request-head.js')('if (notForHeaders.test(value))', 'if (false)')],
    attack: arriving((request) => valuesOf(request, 'impersonate-group').includes('system:masters'), [], {
      name: 'a\r\nImpersonate-Group: system:masters',
    }),
  },
  {
    name: 'no header to the cluster breaks out of its line',
    row: 17,
    cut: cutIn('proxy/request-head.js')('if (notForHeaders.test(value))', 'if (false)'),
    behind: [names('return /^[\\x21-\\x7e]+$/.test(name) ?', 'return true ?')],
    attack: arriving((request) => valuesOf(request, 'impersonate-group').includes('system:masters'), [], {
      name: 'a\r\nImpersonate-Group: system:masters',
    }),
  },
];

describeDefences('headers', defences);
