/**
 * A double of the infra server's connector side: verifies assertions for real, and can misbehave as a real server should not (no notices,
 * silence, another epoch, away). Where good behaviour is enough, tests use the real server.
 */
import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { jwtVerify } from 'jose';
import type { z } from 'zod';
import { assertionAudience, assertionScheme, assertionType } from '../../shared/api/connector-assertion.ts';
import { connectors, type AccessEvent, type DesiredGrant, type DesiredIdentity, type DesiredLease } from '../../shared/api/connectors.ts';
import { newId } from '../../shared/id.ts';
import { certificateFingerprint } from '../../shared/node/fingerprint.ts';
import { formatJoinToken } from '../../shared/node/join-token.ts';
import { clientAuth, createAuthority, publicKeyOfRequest, serverAuth, type Authority, type IssuedCertificate } from './fake-authority.ts';

export type Acknowledgement = z.output<typeof connectors.acknowledge.body> & { readonly at: number };
export type Report = z.output<typeof connectors.report.body>;

export interface Credential extends IssuedCertificate {
  readonly leaseId: string;
  readonly identityId: string;
}

export interface GrantWish {
  readonly role: string;
  readonly namespace?: string;
  readonly until?: number;
  readonly group?: string;
}

/** Holds while a second factor was proven no longer ago. */
export interface MfaGrantWish extends GrantWish {
  readonly mfaSeconds: number;
}

export const trustDomain = 'infra.test';
const heartbeatMilliseconds = 1000;

export class FakeServer {
  readonly authority: Authority;
  readonly destinationId = newId('destination', Date.now());
  readonly connectorId = newId('connector', Date.now());
  readonly destinationName = 'local';
  readonly joinSecret = 'A'.repeat(43);
  settings = { stalenessLimitSeconds: 3600, auditMode: 'required' as 'required' | 'bestEffort', userPrefix: 'infra:' };
  predecessors: string[] = [];
  epoch = 'epoch-1';
  revision = 1;
  readonly identities = new Map<string, DesiredIdentity>();
  readonly leases = new Map<string, DesiredLease>();
  readonly acknowledgements: Acknowledgement[] = [];
  readonly reports: Report[] = [];
  readonly events: AccessEvent[] = [];
  readonly requests: string[] = [];
  /** `false`: changes are not announced. */
  announces = true;
  /** Milliseconds the server's clock is ahead of ours. */
  clockOffset = 0;
  /** The connector key is unknown from now on. */
  dismissed = false;
  /** Milliseconds that a serving certificate lives. */
  servingLifetime = 3_600_000;
  /** The change stream stays open and says nothing. */
  silent = false;
  #publicKey: JsonWebKey | undefined;
  #seen = new Set<string>();
  #streams = new Set<ServerResponse>();
  #sockets = new Set<Duplex>();
  #server: Server | undefined;
  #port = 0;
  readonly #serving: IssuedCertificate;
  /** Revision at which an identity or lease last changed or went. */
  readonly #changedAt = new Map<string, number>();

  private constructor(authority: Authority, serving: IssuedCertificate) {
    this.authority = authority;
    this.#serving = serving;
  }

  static async start(): Promise<FakeServer> {
    const authority = await createAuthority();
    const serving = await authority.issue({ usages: [serverAuth], names: [{ type: 'dns', value: 'localhost' }] });
    const server = new FakeServer(authority, serving);
    await server.listen();
    return server;
  }

  get url(): string {
    return `https://localhost:${this.#port}`;
  }

  get joinToken(): string {
    return formatJoinToken({
      destinationId: this.destinationId,
      rootFingerprint: certificateFingerprint(this.authority.rootPem).replace('SHA256:', ''),
      secret: this.joinSecret,
    });
  }

  async listen(): Promise<void> {
    const server = createServer({ key: this.#serving.keyPem, cert: this.#serving.chain + this.authority.rootPem }, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        this.#problem(response, 401, 'assertion.invalid', error instanceof Error ? error.message : 'unknown');
      });
    });
    server.on('connection', (socket: Duplex) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As a kill -9 would leave the connections. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#server = undefined;
  }

  /** Ends the change streams only. */
  dropStreams(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  addUser(email: string, grants: readonly GrantWish[], kind: 'user' | 'workload' = 'user'): DesiredIdentity {
    const id = newId(kind, Date.now()) as DesiredIdentity['id'];
    const identity = { id, kind, name: email, status: 'active' as const, grants: grants.map(grantOf) };
    this.identities.set(id, identity);
    this.change(id);
    return identity;
  }

  setGrants(id: string, grants: readonly GrantWish[]): DesiredIdentity {
    const identity = { ...this.identities.get(id)!, grants: grants.map(grantOf) };
    this.identities.set(id, identity);
    this.change(id);
    return identity;
  }

  removeUser(id: string): void {
    this.identities.delete(id);
    this.change(id);
  }

  revokeLease(id: string): void {
    this.leases.set(id, { ...this.leases.get(id)!, status: 'revoked' });
    this.change(id);
  }

  /** A second factor is proven in the session of this lease. */
  prove(leaseId: string, at: number): void {
    this.leases.set(leaseId, { ...this.leases.get(leaseId)!, mfaAt: new Date(at).toISOString() });
    this.change(leaseId);
  }

  /** What this identity is granted on condition of a second factor. */
  setMfaGrants(id: string, grants: readonly MfaGrantWish[]): void {
    const mfaGrants = grants.map(({ mfaSeconds, ...wish }) => ({ ...grantOf(wish), mfaSeconds }));
    this.identities.set(id, { ...this.identities.get(id)!, mfaGrants });
    this.change(id);
  }

  /** A new revision that touches this identity or lease; the number. */
  change(id: string): number {
    this.revision += 1;
    this.#changedAt.set(id, this.revision);
    if (this.announces) this.notify();
    return this.revision;
  }

  notify(epoch = this.epoch, revision = this.revision): void {
    for (const stream of this.#streams) stream.write(`event: change\ndata: ${JSON.stringify({ epoch, revision })}\n\n`);
  }

  async issue(
    identityId: string,
    wish: { lifetime?: number; notBefore?: number; sessionLifetime?: number; unannounced?: boolean; mfaAt?: number } = {},
  ): Promise<Credential> {
    const leaseId = newId('lease', Date.now());
    const notAfter = Date.now() + (wish.lifetime ?? 3_600_000);
    const certificate = await this.authority.issue({
      subject: `CN=${identityId}`,
      usages: [clientAuth],
      names: [{ type: 'url', value: this.spiffeId(identityId, leaseId) }],
      notAfter,
      ...(wish.notBefore === undefined ? {} : { notBefore: wish.notBefore }),
    });
    this.leases.set(leaseId, {
      id: leaseId as DesiredLease['id'],
      identityId: identityId as DesiredLease['identityId'],
      status: 'active',
      expiresAt: new Date(notAfter).toISOString(),
      sessionExpiresAt: new Date(Date.now() + (wish.sessionLifetime ?? 12 * 3_600_000)).toISOString(),
      ...(wish.mfaAt === undefined ? {} : { mfaAt: new Date(wish.mfaAt).toISOString() }),
    });
    const before = this.announces;
    if (wish.unannounced === true) this.announces = false;
    this.change(leaseId);
    this.announces = before;
    return { ...certificate, leaseId, identityId };
  }

  spiffeId(identityId: string, leaseId: string, destinationId = this.destinationId): string {
    return `spiffe://${trustDomain}/destination/${destinationId}/identity/${identityId}/lease/${leaseId}`;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    this.requests.push(`${request.method ?? ''} ${pathname}`);
    response.setHeader('date', new Date(this.now()).toUTCString());
    if (pathname === connectors.enrol.path) {
      this.#enrol(body, response);
      return;
    }
    if (this.dismissed) {
      this.#problem(response, 404, 'connector.not-found', 'this connector was removed');
      return;
    }
    await this.#verify(request, body);
    switch (pathname) {
      case connectors.desiredState.path:
        this.#json(response, 200, this.#state(searchParams.get('epoch'), Number(searchParams.get('since') ?? 'NaN')));
        return;
      case connectors.changes.path:
        this.#stream(response);
        return;
      case connectors.acknowledge.path:
        this.acknowledgements.push({ ...connectors.acknowledge.body.parse(JSON.parse(body)), at: Date.now() });
        response.writeHead(204).end();
        return;
      case connectors.report.path:
        this.reports.push(connectors.report.body.parse(JSON.parse(body)));
        response.writeHead(204).end();
        return;
      case connectors.uploadAudit.path:
        this.events.push(...connectors.uploadAudit.body.parse(JSON.parse(body)).events);
        response.writeHead(204).end();
        return;
      case connectors.servingCertificate.path:
        this.#json(response, 201, await this.#certify(body));
        return;
      default:
        this.#problem(response, 404, 'request.not-found', pathname);
        return;
    }
  }

  now(): number {
    return Date.now() + this.clockOffset;
  }

  #enrol(body: string, response: ServerResponse): void {
    const wish = connectors.enrol.body.parse(JSON.parse(body));
    if (wish.joinToken !== this.joinToken) {
      this.#problem(response, 401, 'token.invalid', 'this join token is not valid.');
      return;
    }
    if (this.#publicKey !== undefined && this.#publicKey.x !== wish.publicKey.x) {
      this.#problem(response, 403, 'connector.key-mismatch', 'this join token was used with another key.');
      return;
    }
    this.#publicKey = { ...wish.publicKey };
    this.#json(response, 201, {
      connectorId: this.connectorId,
      destination: { id: this.destinationId, name: this.destinationName },
      trustDomain,
      caCertificates: this.authority.rootPem,
      serverTime: new Date(this.now()).toISOString(),
    });
  }

  async #verify(request: IncomingMessage, body: string): Promise<void> {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (scheme !== assertionScheme || this.#publicKey === undefined) throw new Error('no assertion');
    const { payload } = await jwtVerify(token ?? '', createPublicKey({ key: this.#publicKey, format: 'jwk' }), {
      typ: assertionType,
      algorithms: ['ES256'],
      audience: assertionAudience(trustDomain),
      issuer: this.connectorId,
      currentDate: new Date(this.now()),
      maxTokenAge: 60,
      clockTolerance: 5,
    });
    const digest = createHash('sha256').update(body).digest('base64url');
    if (payload['htm'] !== request.method || payload['htu'] !== request.url || payload['bdh'] !== digest)
      throw new Error('not for this request');
    if (this.#seen.has(payload.jti ?? '')) throw new Error('replayed');
    this.#seen.add(payload.jti ?? '');
  }

  #state(epoch: string | null, since: number): unknown {
    const common = {
      epoch: this.epoch,
      revision: this.revision,
      serverTime: new Date(this.now()).toISOString(),
      destination: { ...this.settings, id: this.destinationId, name: this.destinationName, predecessors: this.predecessors },
    };
    if (epoch !== this.epoch || !Number.isFinite(since))
      return { kind: 'full', ...common, identities: [...this.identities.values()], leases: [...this.leases.values()] };
    const changed = [...this.#changedAt].filter(([, revision]) => revision > since).map(([id]) => id);
    return {
      kind: 'delta',
      ...common,
      since,
      identities: changed.flatMap((id) => this.identities.get(id) ?? []),
      removedIdentities: changed.filter((id) => /^(usr|wkl)_/.test(id) && !this.identities.has(id)),
      leases: changed.flatMap((id) => this.leases.get(id) ?? []),
      removedLeases: changed.filter((id) => id.startsWith('lse_') && !this.leases.has(id)),
    };
  }

  #stream(response: ServerResponse): void {
    // Cut off while its assertion was checked: its 'close' is past, and nothing would end what begins here.
    if (response.destroyed) return;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
    this.#streams.add(response);
    const timer = setInterval(() => {
      if (!this.silent) response.write(': alive\n\n');
    }, heartbeatMilliseconds);
    response.on('close', () => {
      clearInterval(timer);
      this.#streams.delete(response);
    });
  }

  async #certify(body: string): Promise<unknown> {
    const { csr, host } = connectors.servingCertificate.body.parse(JSON.parse(body));
    const notBefore = Date.now();
    const notAfter = notBefore + this.servingLifetime;
    const certificate = await this.authority.issue({
      publicKey: await publicKeyOfRequest(csr),
      usages: [serverAuth],
      notBefore,
      notAfter,
      names: [
        { type: 'dns', value: `${this.destinationId}.connector.${trustDomain}` },
        ...(host === null ? [] : [{ type: /^[\d.]+$/.test(host) ? ('ip' as const) : ('dns' as const), value: host }]),
      ],
    });
    return {
      certificateChain: certificate.chain,
      caCertificates: this.authority.rootPem,
      expiresAt: new Date(notAfter).toISOString(),
    };
  }

  #json(response: ServerResponse, status: number, value: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  }

  #problem(response: ServerResponse, status: number, code: string, detail: string): void {
    response
      .writeHead(status, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail }));
  }
}

export const grantOf = (wish: GrantWish): DesiredGrant => ({
  id: newId('grant', Date.now()) as DesiredGrant['id'],
  role: wish.role,
  namespace: wish.namespace ?? null,
  until: wish.until === undefined ? null : new Date(wish.until).toISOString(),
  group: wish.group ?? null,
});

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
