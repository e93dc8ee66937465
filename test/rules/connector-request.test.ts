import { expect } from 'chai';
import { cleanHeaders } from '../../connector/proxy/request-headers.ts';
import { readRequest } from '../../connector/proxy/request-info.ts';
import { responseRefusal } from '../../connector/proxy/response-screen.ts';

const infoOf = (method: string, target: string) => {
  const result = readRequest(method, target);
  if (result.kind !== 'read') return result.why;
  const { verb, apiGroup, resource, subresource, namespace, name } = result.info;
  return [verb, apiGroup, resource, subresource, namespace, name].join(' ');
};

describe('connector rule: request targets', () => {
  for (const target of [
    '/api/v1/namespaces/team-a/../team-b/pods',
    '/api/v1//namespaces/team-a/pods',
    '/api/v1/namespaces/team-a%2fpods',
    '/api/v1/namespaces/team-a/%2e%2E/team-b',
    '/api/v1/namespaces/./pods',
    '/api/v1/namespaces;a=b/team-a/pods',
    '/api/v1/namespaces/team-a%3bx/pods',
    '/api/v1\\namespaces/team-a',
    '/api/v1%5cnamespaces/team-a',
    '/api/v1/namespaces/a%00b/pods',
    '/api/v1/namespaces/a%zz/pods',
    '/api/v1/namespaces/ä/pods',
    '/api/v1/pods#fragment',
    'https://other/api/v1/pods',
    '*',
    '',
    'api/v1/pods',
  ])
    it(`refuses ${target || 'nothing'}: two parsers could read it in two ways`, () =>
      expect(readRequest('GET', target).kind).to.equal('ambiguous'));

  it('refuses methods that Kubernetes does not use', () => {
    for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'get', '']) expect(readRequest(method, '/api').kind).to.equal('ambiguous');
  });

  const cases: readonly (readonly [method: string, target: string, expected: string])[] = [
    ['GET', '/api/v1/namespaces/team-a/pods', 'list  pods  team-a '],
    ['GET', '/api/v1/namespaces/team-a/pods/web', 'get  pods  team-a web'],
    ['GET', '/api/v1/namespaces/team-a/pods?watch=true', 'watch  pods  team-a '],
    ['GET', '/api/v1/watch/namespaces/team-a/pods', 'watch  pods  team-a '],
    ['GET', '/api/v1/pods', 'list  pods   '],
    ['POST', '/api/v1/namespaces/team-a/pods/web/exec?command=sh', 'create  pods exec team-a web'],
    ['POST', '/api/v1/namespaces/team-a/serviceaccounts/default/token', 'create  serviceaccounts token team-a default'],
    ['GET', '/api/v1/namespaces/team-a', 'get  namespaces  team-a team-a'],
    ['PUT', '/api/v1/namespaces/team-a/finalize', 'update  namespaces finalize team-a team-a'],
    ['POST', '/api/v1/namespaces', 'create  namespaces   '],
    ['DELETE', '/apis/apps/v1/namespaces/team-a/deployments', 'deletecollection apps deployments  team-a '],
    ['PATCH', '/apis/apps/v1/namespaces/team-a/deployments/web/scale', 'patch apps deployments scale team-a web'],
    ['GET', '/api/v1/nodes/n1/proxy/stats', 'get  nodes proxy  n1'],
    ['GET', '/api/v1/namespaces/team%2Da/pods', 'list  pods  team-a '],
    ['GET', '/version', 'get     '],
    ['GET', '/apis/apps/v1', 'get     '],
  ];
  for (const [method, target, expected] of cases)
    it(`reads ${method} ${target} as the apiserver does`, () => expect(infoOf(method, target)).to.equal(expected));
});

describe('connector rule: request headers', () => {
  const host = ['Host', 'local'];

  it('refuses every Impersonate-* but user and group as client-go or HTTP/2 spell them, with words, on any request (security rows 2–4)', () => {
    for (const name of [
      'IMPERSONATE-USER',
      'Impersonate-user',
      'impersonate-GROUP',
      'Impersonate-Uid',
      'IMPERSONATE-UID',
      'Impersonate-Extra-scopes',
      'Impersonate-Whatever',
      'Impersonate_User',
      'impersonate_Group',
    ])
      for (const isUpgrade of [false, true])
        for (const before of [[], ['Impersonate-User', 'bob']])
          expect(cleanHeaders([...host, ...before, name, 'bob'], isUpgrade), name).to.include({ kind: 'refused', reason: 'Forbidden' });
  });

  it('hands over whom the request asks to act as, and lets none of it through as a header', () => {
    const asking = ['Impersonate-User', 'bob', 'Impersonate-Group', 'developers', 'Impersonate-Group', 'testers'];
    expect(cleanHeaders([...host, ...asking], false)).to.deep.equal({
      kind: 'clean',
      headers: {},
      upgrade: undefined,
      asked: { user: 'bob', groups: ['developers', 'testers'] },
    });
    expect(cleanHeaders(host, false)).not.to.have.property('asked');
  });

  for (const [title, asking] of Object.entries({
    'a group without a user': ['Impersonate-Group', 'developers'],
    'two users': ['Impersonate-User', 'bob', 'Impersonate-User', 'eve'],
    'the same user twice': ['Impersonate-User', 'bob', 'Impersonate-User', 'bob'],
    'the same group twice': ['Impersonate-User', 'bob', 'Impersonate-Group', 'a', 'Impersonate-Group', 'a'],
    'an empty user': ['Impersonate-User', ''],
    'an empty group': ['Impersonate-User', 'bob', 'Impersonate-Group', ''],
    'a space in it': ['Impersonate-User', 'bob eve'],
    'a list of names with spaces': ['Impersonate-User', 'bob, eve'],
    'a line break in it': ['Impersonate-User', 'bob\r\nImpersonate-Group: system:masters'],
    'a byte that is no ASCII': ['Impersonate-User', 'b\u00f6b'],
    'a name without end': ['Impersonate-User', 'b'.repeat(301)],
  }))
    it(`refuses to act as somebody by ${title} (security row 3)`, () =>
      expect(cleanHeaders([...host, ...asking], false)).to.include({ kind: 'refused', reason: 'BadRequest' }));

  it('refuses a Connection header that names anything but close, keep-alive, upgrade and te (security row 1)', () => {
    for (const value of ['Impersonate-User, Authorization', 'close,authorization', 'keep-alive, X-Any', 'HTTP2-Settings', 'upgrade, Host'])
      for (const name of ['Connection', 'proxy-connection'])
        expect(cleanHeaders([...host, name, value], false), value).to.include({ kind: 'refused', reason: 'BadRequest' });
    expect(cleanHeaders([...host, 'Connection', 'Keep-Alive, TE'], false).kind).to.equal('clean');
  });

  it('lets nothing through that is not on the list: credentials, cookies, forwarded and front-proxy headers', () => {
    const strangers = [
      'Authorization',
      'Cookie',
      'X-Remote-User',
      'X-Remote-Group',
      'X-Forwarded-For',
      'Forwarded',
      'TE',
      'Trailer',
      'Expect',
      'Audit-ID',
      'Upgrade',
    ];
    const result = cleanHeaders([...host, ...strangers.flatMap((name) => [name, 'x']), 'Accept', 'application/json'], false);
    expect(result).to.deep.equal({ kind: 'clean', headers: { accept: 'application/json' }, upgrade: undefined });
  });

  it('refuses doubled single headers, two hosts or none, and smuggling by length (security rows 3, 31)', () => {
    expect(cleanHeaders([...host, 'Content-Type', 'a', 'content-type', 'b'], false).kind).to.equal('refused');
    expect(cleanHeaders([...host, ...host], false).kind).to.equal('refused');
    expect(cleanHeaders([], false).kind).to.equal('refused');
    expect(cleanHeaders([...host, 'Content-Length', '1', 'Transfer-Encoding', 'chunked'], false).kind).to.equal('refused');
    expect(cleanHeaders([...host, 'Transfer-Encoding', 'gzip, chunked'], false).kind).to.equal('refused');
  });

  it('refuses upgrades to anything but WebSocket and SPDY, and tokens hidden in the sub-protocol (security row 9)', () => {
    for (const value of ['h2c', 'TLS/1.0', 'websocket, h2c'])
      expect(cleanHeaders([...host, 'Upgrade', value], true).kind).to.equal('refused');
    const hidden = ['Sec-WebSocket-Protocol', 'v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.dG9rZW4'];
    expect(cleanHeaders([...host, 'Upgrade', 'websocket', ...hidden], true).kind).to.equal('refused');
  });

  it('keeps repeated stream protocol versions of SPDY apart', () => {
    const result = cleanHeaders(
      [...host, 'Upgrade', 'SPDY/3.1', 'X-Stream-Protocol-Version', 'v4', 'X-Stream-Protocol-Version', 'v3'],
      true,
    );
    expect(result).to.deep.equal({ kind: 'clean', headers: { 'x-stream-protocol-version': ['v4', 'v3'] }, upgrade: 'SPDY/3.1' });
  });
});

describe('connector rule: answers of the cluster', () => {
  it('does not pass on redirects to another host (security row 7)', () => {
    for (const location of ['https://evil/', '//evil/', '/\\evil', 'javascript:x', 'HTTP:evil'])
      expect(responseRefusal(302, location, ''), location).to.include({ reason: 'BadGateway' });
    for (const location of ['/api/v1/', 'relative/path', '?page=2'])
      expect(responseRefusal(302, location, ''), location).to.equal(undefined);
  });

  it('does not show its own refused credential as the person’s', () => {
    expect(responseRefusal(401, undefined, '')).to.include({ reason: 'BadGateway' });
    expect(responseRefusal(401, undefined, 'proxy')).to.equal(undefined);
  });
});
