/** Request lines that two programs could read in two ways. */
import { brokenIf, cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { openHttp2 } from '../support/http2-client.ts';
import { newMarker, requestOf } from './stage.ts';

const cut = cutIn('proxy/request-info.js');

/** Somebody with a grant for team-a asks for this; MARKER stands for a text that is found again. */
const asking = (line: string): Attack => ({
  on: async (stage) => {
    const shown = await stage.person({ grants: [{ role: 'view', namespace: 'team-a' }] });
    return brokenIf((await stage.attempt(shown, requestOf(line))) !== undefined);
  },
});
const get = (path: string): Attack => asking(`GET ${path}`);
const team = '/api/v1/namespaces/team-a';
const encoded = '/%(?:2e|2f|5c|3b|0|1|7f)/i';
const dotSegments = cut("if (decoded === '.' || decoded === '..')", 'if (false)');
const encodedDots = cut(encoded, '/%(?:2f|5c|3b|0|1|7f)/i');

const emptySegments = cut("if (path.includes('//'))", 'if (false)');

/** Over HTTP/2, whose paths may hold such bytes. */
const beyondAscii: Attack = {
  on: async (stage) => {
    const { session, request } = await openHttp2(stage.connector.tls(await stage.person()));
    const marker = newMarker();
    await request(`/api/v1/${marker}\u00e4`).catch(() => undefined);
    session.destroy();
    return brokenIf(stage.reached(marker) !== undefined || stage.illFormed.some((bytes) => bytes.includes(marker)));
  },
};

const defences: readonly Defence[] = [
  { name: 'dot segments are refused', row: 8, cut: dotSegments, attack: get(`${team}/../team-b/pods/MARKER`) },
  { name: 'encoded dots are refused', row: 8, cut: encodedDots, attack: get(`${team}/pods/%2eMARKER`) },
  {
    name: 'dot segments are refused when they were encoded, too',
    row: 8,
    cut: dotSegments,
    behind: [encodedDots],
    attack: get(`${team}/%2e%2e/team-b/pods/MARKER`),
  },
  { name: 'empty segments are refused', row: 8, cut: emptySegments, attack: get(`${team}//pods/MARKER`) },
  { name: 'backslashes are refused', row: 8, cut: cut('/[\\\\;]/', '/[;]/'), attack: get(`${team}/pods/a\\MARKER`) },
  { name: 'semicolons are refused', row: 8, cut: cut('/[\\\\;]/', '/[\\\\]/'), attack: get(`${team}/pods;a=b/MARKER`) },
  { name: 'encoded slashes are refused', row: 8, cut: cut(encoded, '/%(?:2e|5c|3b|0|1|7f)/i'), attack: get(`${team}/pods%2fMARKER`) },
  { name: 'encoded backslashes are refused', row: 8, cut: cut(encoded, '/%(?:2e|2f|3b|0|1|7f)/i'), attack: get(`${team}/pods%5cMARKER`) },
  { name: 'encoded semicolons are refused', row: 8, cut: cut(encoded, '/%(?:2e|2f|5c|0|1|7f)/i'), attack: get(`${team}/pods%3bMARKER`) },
  {
    name: 'encoded control characters are refused',
    row: 8,
    cut: cut(encoded, '/%(?:2e|2f|5c|3b)/i'),
    attack: get(`${team}/pods/a%00MARKER`),
  },
  {
    name: 'what is no percent-encoding is refused',
    row: 8,
    cut: cut("return 'the path is not valid percent-encoding'", 'segments.push(part)'),
    attack: get(`${team}/pods/%c0%aeMARKER`),
  },
  {
    name: 'the absolute form is refused',
    row: 31,
    cut: cut("if (!target.startsWith('/'))", 'if (false)'),
    behind: [emptySegments],
    attack: get('https://evil.test/api/MARKER'),
  },
  { name: 'fragments are refused', row: 8, cut: cut(" || target.includes('#')", ''), attack: get(`${team}/pods/MARKER#x`) },
  {
    name: 'bytes beyond printable ASCII are refused',
    row: 8,
    cut: cut('!/^[\\x21-\\x7e]+$/.test(target) ||', ''),
    attack: beyondAscii,
  },
  {
    name: 'methods that Kubernetes does not use are refused',
    row: 31,
    cut: cut('methods[method];', "methods[method] ?? 'get';"),
    attack: asking('TRACE /version?MARKER'),
  },
];

describeDefences('request lines', defences);
