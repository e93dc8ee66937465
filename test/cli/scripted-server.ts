/** A server that answers what a test tells it to, over real TLS: for answers that no honest server gives. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  X509CertificateGenerator,
  KeyUsagesExtension,
  KeyUsageFlags,
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../support/temp-dir.ts';

export interface ScriptedAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
/** By `METHOD /path` without query. */
export type Script = Readonly<Record<string, ScriptedAnswer | ((body: unknown) => ScriptedAnswer | Promise<ScriptedAnswer>)>>;

export interface ScriptedServer {
  readonly url: string;
  readonly caFile: string;
  readonly rootCertificate: string;
  /** `METHOD /path?query`, in order. */
  readonly requests: readonly string[];
  answer(script: Script): void;
  close(): Promise<void>;
}

export async function scriptedServer(initial: Script = {}): Promise<ScriptedServer> {
  const { root, leaf, key } = await certificates();
  const requests: string[] = [];
  let script = initial;
  const server = createServer({ key, cert: leaf + root }, (request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const scripted = script[`${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`] ?? { status: 404, body: {} };
      const text = Buffer.concat(chunks).toString();
      const answer = typeof scripted === 'function' ? scripted(text === '' ? undefined : JSON.parse(text)) : scripted;
      void Promise.resolve(answer).then(({ status = 200, body, headers = {} }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(body === undefined ? undefined : JSON.stringify(body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const caFile = join(tempDir('infra-scripted'), 'ca.pem');
  writeFileSync(caFile, root);
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    caFile,
    rootCertificate: root,
    requests,
    answer: (more) => (script = { ...script, ...more }),
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function certificates(): Promise<{ root: string; leaf: string; key: string }> {
  const [rootKeys, leafKeys] = await Promise.all([
    webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
    webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
  ]);
  const times = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=scripted root',
    keys: rootKeys,
    signingAlgorithm: algorithm,
    ...times,
    extensions: [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  const leaf = await X509CertificateGenerator.create({
    serialNumber: '02',
    subject: 'CN=localhost',
    issuer: root.subject,
    publicKey: leafKeys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: algorithm,
    ...times,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return { root: `${root.toString('pem')}\n`, leaf: `${leaf.toString('pem')}\n`, key };
}

export const scriptedIds = {
  user: 'usr_01234567890123456789abcdef',
  session: 'ses_01234567890123456789abcdef',
  destination: 'dst_01234567890123456789abcdef',
  lease: 'lse_01234567890123456789abcdef',
  grant: 'grt_01234567890123456789abcdef',
} as const;

/** Answers of a login that works. */
export function loginScript(): Script {
  const at = new Date().toISOString();
  const session = {
    id: scriptedIds.session,
    identity: { id: scriptedIds.user, name: 'ana@example.com' },
    method: 'password',
    accessKeyId: null,
    createdAt: at,
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    idleSeconds: null,
    lastUsedAt: at,
    endedAt: null,
    sourceAddress: '127.0.0.1',
    userAgent: 'x',
  };
  return {
    'POST /api/v1/login/browser': {
      body: { status: 'session', secret: 'the-session-secret', session: { ...session, method: 'provider' } },
    },
    'POST /api/v1/login/password': { body: { status: 'session', secret: 'the-session-secret', session } },
    'GET /api/v1/access': { body: { reachable: [], caCertificates: '' } },
    'GET /api/v1/directory': { body: { destinations: [], caCertificates: '' } },
    'GET /api/v1/leases': { body: { items: [], nextCursor: null } },
  };
}

/** Of a server with identity providers. */
export const serverScript = ({ url, rootCertificate }: Pick<ScriptedServer, 'url' | 'rootCertificate'>, changes: object = {}): Script => ({
  'GET /api/v1/server': {
    body: {
      ...{ product: 'infra', version: '0', trustDomain: 'localhost', publicUrl: url, setupPending: false },
      ...{ loginMethods: ['password', 'access-key', 'browser'], providers: [{ name: 'acme', kind: 'oidc' }] },
      ...{ rootCertificate, rootFingerprint: `SHA256:${'0'.repeat(64)}` },
      ...changes,
    },
  },
});
