/** Request targets: what passes is read by the cluster as it was read here. */
import { expect } from 'chai';
import fc from 'fast-check';
import { readRequest, type RequestInfo } from '../../../connector/proxy/request-info.ts';
import { readAsApiserver, type ApiserverRequestInfo } from './apiserver-request-info.ts';
import { checkable } from './property.ts';

export interface RequestLine {
  readonly method: string;
  readonly target: string;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'PROPFIND', ''];
const words = [
  ...['api', 'apis', 'v1', 'apps', 'watch', 'proxy', 'namespaces', 'team-a', 'team-b', 'infra', 'status', 'finalize'],
  ...['pods', 'secrets', 'serviceaccounts', 'default', 'token', 'exec', 'log', 'nodes', 'authorization.k8s.io', 'selfsubjectreviews'],
  ...[
    '.',
    '..',
    '...',
    '',
    '%2e',
    '%2E%2e',
    '.%2e',
    '%2f',
    '%2F',
    '%5c',
    '%3b',
    '%00',
    '%0a',
    '%7f',
    '%25',
    '%252e',
    '%252f',
    '%c0%ae',
    '%zz',
  ],
  ...[
    '\\',
    ';',
    ';a=b',
    '#',
    '%23',
    '%3f',
    '?',
    '%',
    '%e4',
    '%c3%a4',
    'ä',
    '\u2024',
    '\u0130',
    '\t',
    ' ',
    '%20',
    '+',
    '*',
    '@',
    ':',
    '~',
    '{',
    '%70ods',
  ],
];
const piece = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...words) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...words), fc.constantFrom(...words)).map(([one, other]) => one + other) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`) },
);
const path = fc.array(piece, { minLength: 1, maxLength: 9 }).map((pieces) => `/${pieces.join('/')}`);
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom('watch', 'Watch', 'wat%63h', 'watch%00', 'a', 'limit', 'fieldSelector', ''),
      fc.constantFrom('', '=', '=0', '=1', '=true', '=false', '=FALSE', '=0;', '=%30', '=%zz', '=0%00', '=+0', '=metadata.name%3Dx'),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((pairs) => `?${pairs.map(([key, value]) => key + value).join('&')}`);
const prefix = fc.constantFrom('', '', '', '', '', '', 'https://x', '//x', '/', '*');

export const targets = checkable<RequestLine>({
  title: 'a target that passes means to the cluster what it means here, and holds nothing that two programs could read in two ways',
  corpus: 'targets',
  inputs: fc.record({
    method: fc.constantFrom(...methods),
    target: fc.tuple(prefix, path, fc.oneof(fc.constant(''), query)).map((parts) => parts.join('')),
  }),
  holds: ({ method, target }) => {
    const result = readRequest(method, target);
    if (result.kind === 'ambiguous') {
      expect(result.why).to.match(/^[\x20-\x7e]/);
      return;
    }
    expectPlain(target, result.info.path);
    expect(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).to.include(method);
    const there = readAsApiserver(method, target);
    // Refused by the cluster itself.
    if (there === undefined) return;
    expectSameMeaning(result.info, there, method);
  },
});

function expectPlain(target: string, path: string): void {
  expect(target).to.match(/^\/[\x21-\x7e]*$/);
  expect(target.split('?')[0]).to.equal(path);
  expect(path).to.not.match(/[\\;#]|\/\//);
  for (const segment of decodeURIComponent(path).split('/')) expect(segment).to.not.match(/^\.\.?$|[\\;\0-\x1f\x7f]/);
  expect(decodeURIComponent(path).split('/').length, 'as many segments as before decoding').to.equal(path.split('/').length);
}

function expectSameMeaning(here: RequestInfo, there: ApiserverRequestInfo, method: string): void {
  const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');
  expect({
    isResource: here.isResource,
    apiGroup: here.apiGroup,
    namespace: here.namespace,
    resource: here.resource,
    name: here.name,
  }).to.deep.equal({
    isResource: there.isResource,
    apiGroup: utf8(there.apiGroup),
    namespace: utf8(there.namespace),
    resource: utf8(there.resource),
    name: utf8(there.name),
  });
  // The oldest form of proxy is a verb there; here it is judged as the subresource that it is today.
  expect(here.subresource).to.equal(there.verb === 'proxy' ? 'proxy' : utf8(there.subresource));
  if (!there.isResource) return;
  if (there.verb === 'watch') expect(here.verb).to.equal('watch');
  const isRead = (verb: string): boolean => ['get', 'list', 'watch'].includes(verb);
  // Reads differ in how long they last alone; a watch of one name is a get there, whatever its query says.
  if (isRead(there.verb)) expect(isRead(here.verb), here.verb).to.equal(true);
  else if (there.verb !== 'proxy' && method !== 'OPTIONS') expect(here.verb).to.equal(there.verb);
}
