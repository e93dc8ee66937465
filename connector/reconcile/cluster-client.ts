/**
 * Requests to the kube-apiserver in the connector's own name. Writes are built by the Kubernetes client's request factory; loading that one
 * file instead of the whole client saves 45 MB of the connector's memory. Lists and watches are plain JSON, read as they come.
 */
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { RbacAuthorizationV1ApiRequestFactory } from '@kubernetes/client-node/dist/gen/apis/RbacAuthorizationV1Api.js';
import { createConfiguration } from '@kubernetes/client-node/dist/gen/configuration.js';
import type { RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import type { V1ClusterRoleBinding } from '@kubernetes/client-node/dist/gen/models/V1ClusterRoleBinding.js';
import type { V1RoleBinding } from '@kubernetes/client-node/dist/gen/models/V1RoleBinding.js';
import { ServerConfiguration } from '@kubernetes/client-node/dist/gen/servers.js';
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import type { SecretValue } from '../../shared/node/secret-value.ts';
import { destinationLabel, holdersAnnotation, managedBy, managedByLabel, type Binding } from './role-binding-plan.ts';

/** What is needed to speak to the cluster; compose passes the real one. */
export interface ReconcileAccess {
  readonly host: string;
  readonly port: number;
  /** Asked for every request: authorities and client certificates rotate. */
  readonly tls: () => Pick<ConnectionOptions, 'minVersion' | 'servername' | 'ca' | 'cert' | 'key'>;
  readonly bearerToken: () => SecretValue | undefined;
  /** The cluster answered 401. */
  readonly refused: () => void;
}

export interface ClusterClient {
  /** The parsed answer of a GET. */
  get(path: string, accept?: string): Promise<unknown>;
  /** The open answer of a GET. */
  stream(path: string, accept: string, signal: AbortSignal): Promise<IncomingMessage>;
  createBinding(binding: Binding, destinationId: string): Promise<unknown>;
  /** Server-side apply: the fields are ours, whoever changed them. */
  applyBinding(binding: Binding, destinationId: string): Promise<unknown>;
  deleteBinding(binding: { readonly namespace: string | null; readonly name: string }): Promise<void>;
  close(): void;
}

/** The cluster said no. */
export class ClusterError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ClusterError';
    this.status = status;
  }
}

const fieldManager = 'infra-connector';
const answerMilliseconds = 30_000;
const jsonType = 'application/json';

export function createClusterClient(access: ReconcileAccess): ClusterClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, timeout: 50_000 });
  const origin = `https://${access.host.includes(':') ? `[${access.host}]` : access.host}:${access.port}`;
  const factory = new RbacAuthorizationV1ApiRequestFactory(createConfiguration({ baseServer: new ServerConfiguration(origin, {}) }));
  const send = (outgoing: Outgoing): Promise<IncomingMessage> => sendRequest(agent, access, outgoing);
  const sendContext = async (context: RequestContext, contentType: string): Promise<unknown> => {
    const url = new URL(context.getUrl());
    // The bodies of this factory's requests are JSON texts; forms belong to other APIs.
    const body = context.getBody() as string | undefined;
    return readJson(await send({ method: context.getHttpMethod(), path: url.pathname + url.search, accept: jsonType, body, contentType }));
  };

  return {
    get: async (path, accept = jsonType) => readJson(await send({ method: 'GET', path, accept })),
    stream: async (path, accept, signal) => {
      const incoming = await send({ method: 'GET', path, accept, signal });
      if (incoming.statusCode !== 200) await readJson(incoming);
      return incoming;
    },
    createBinding: async (binding, destinationId) => {
      const body = manifestOf(binding, destinationId);
      const context =
        binding.namespace === null
          ? await factory.createClusterRoleBinding(body, undefined, undefined, fieldManager)
          : await factory.createNamespacedRoleBinding(binding.namespace, body, undefined, undefined, fieldManager);
      return sendContext(context, jsonType);
    },
    applyBinding: async (binding, destinationId) => {
      const body = manifestOf(binding, destinationId);
      const context =
        binding.namespace === null
          ? await factory.patchClusterRoleBinding(binding.name, body, undefined, undefined, fieldManager, undefined, true)
          : await factory.patchNamespacedRoleBinding(
              binding.name,
              binding.namespace,
              body,
              undefined,
              undefined,
              fieldManager,
              undefined,
              true,
            );
      return sendContext(context, 'application/apply-patch+yaml');
    },
    deleteBinding: async ({ namespace, name }) => {
      const context =
        namespace === null ? await factory.deleteClusterRoleBinding(name) : await factory.deleteNamespacedRoleBinding(name, namespace);
      try {
        await sendContext(context, jsonType);
      } catch (error) {
        if (!(error instanceof ClusterError) || error.status !== 404) throw error;
      }
    },
    close: () => agent.destroy(),
  };
}

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly accept: string;
  readonly body?: string | undefined;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

function sendRequest(agent: Agent, access: ReconcileAccess, outgoing: Outgoing): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const token = access.bearerToken();
    const { body } = outgoing;
    const sent = request({
      agent,
      ...access.tls(),
      host: access.host,
      port: access.port,
      method: outgoing.method,
      path: outgoing.path,
      headers: {
        accept: outgoing.accept,
        'user-agent': fieldManager,
        ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
        ...(body === undefined ? {} : { 'content-type': outgoing.contentType ?? jsonType, 'content-length': Buffer.byteLength(body) }),
      },
      ...(outgoing.signal === undefined ? {} : { signal: outgoing.signal }),
    });
    const timer = setTimeout(
      () => sent.destroy(new Error(`no answer from the kube-apiserver in ${answerMilliseconds} ms`)),
      answerMilliseconds,
    );
    sent.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    sent.once('response', (incoming) => {
      clearTimeout(timer);
      if (incoming.statusCode === 401) access.refused();
      resolve(incoming);
    });
    sent.end(body);
  });
}

const statusSchema = z.object({ message: z.string() });

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const status = incoming.statusCode ?? 500;
  if (status < 300) return JSON.parse(text);
  throw new ClusterError(status, messageOf(text) ?? `the kube-apiserver answered ${status}`);
}

function messageOf(text: string): string | undefined {
  try {
    return statusSchema.safeParse(JSON.parse(text)).data?.message;
  } catch {
    return undefined;
  }
}

/** Also what the apply patch says, whole. The factory takes it for one of its classes, which are bags of the same fields. */
function manifestOf(binding: Binding, destinationId: string): V1ClusterRoleBinding & V1RoleBinding {
  const manifest: unknown = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: binding.namespace === null ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: {
      name: binding.name,
      ...(binding.namespace === null ? {} : { namespace: binding.namespace }),
      labels: { [managedByLabel]: managedBy, [destinationLabel]: destinationId },
      annotations: { [holdersAnnotation]: binding.holders },
    },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: binding.group }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: binding.roleKind, name: binding.roleName },
  };
  return manifest as V1ClusterRoleBinding & V1RoleBinding;
}
