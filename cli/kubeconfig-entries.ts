/**
 * What our entries in a kubeconfig say, and which entries are ours. Everything that comes from the server is checked here, before anything is
 * written (security.md, row 33): names by the product's own rules, addresses as host and port, certificates by parsing them. Command and
 * arguments are made on this machine alone.
 */
import { X509Certificate } from 'node:crypto';
import type { DirectoryEntry } from '../shared/api/destinations.ts';
import { splitPem } from '../shared/node/fingerprint.ts';
import { isHostName, parseHostAndPort } from '../shared/host-and-port.ts';
import { isDestinationName } from '../shared/resource-name.ts';
import { CliError } from './failure.ts';
import type { Entry } from './kubeconfig-splices.ts';
import type { Profile } from './profiles.ts';
import { safeText } from '../shared/safe-text.ts';

/** How kubectl is to start the credential plugin on this machine. */
export interface PluginCommand {
  readonly command: string;
  /** Before `kube credential`: on Windows the program itself is an argument of Node. */
  readonly argumentsBefore: readonly string[];
  /** Set for the plugin when the home is not the default one. */
  readonly home: string | undefined;
}

interface CheckedIdentity {
  readonly name: string;
  readonly id: string;
  readonly tlsServerName: string;
  /** Base64 of PEM. */
  readonly certificateAuthority: string;
}

export interface DestinationAccess extends CheckedIdentity {
  readonly server: string;
}

export interface Endpoint {
  /** As a kubeconfig has it. */
  readonly server: string;
  /** Of IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A destination and the ways to it. */
export interface CheckedDestination extends CheckedIdentity {
  /** Its connector's own address; undefined: it has none. */
  readonly direct: Endpoint | undefined;
  readonly relay: Endpoint;
  readonly tunnels: number;
}

export const contextName = (profile: Pick<Profile, 'name' | 'plainContexts'>, destination: string): string =>
  profile.plainContexts ? `infra:${destination}` : `infra:${profile.name}:${destination}`;

/** Undefined: its connector has never been heard of. Throws when the server said something that must be neither written nor connected to. */
export function checkDestination(entry: DirectoryEntry, caCertificates: string): CheckedDestination | undefined {
  const { id, name, address, tlsServerName, relayAddress, tunnels, online, lastSeenAt } = entry;
  if (!isDestinationName(name)) throw lie(`the destination name "${safeText(name)}"`);
  const direct = address === null ? undefined : endpointOf(address);
  if (address !== null && direct === undefined) throw lie(`the address "${safeText(address)}" of ${name}`);
  const relay = endpointOf(relayAddress);
  if (relay === undefined) throw lie(`the relay address "${safeText(relayAddress)}" of ${name}`);
  if (!isHostName(tlsServerName)) throw lie(`the TLS name "${safeText(tlsServerName)}" of ${name}`);
  if (direct === undefined && tunnels <= 0 && !online && lastSeenAt === null) return undefined;
  return { id, name, tlsServerName, certificateAuthority: checkedCertificates(caCertificates), direct, relay, tunnels };
}

const lie = (what: string): CliError =>
  new CliError('failed', `the server sent ${what}, which is none; nothing was written, and its admin should know`);

/** Of `host:port`; undefined when the text is none. */
function endpointOf(text: string): Endpoint | undefined {
  const found = parseHostAndPort(text);
  return found === undefined ? undefined : { server: `https://${text}`, ...found };
}

function checkedCertificates(pem: string): string {
  try {
    const parsed = splitPem(pem).map((each) => new X509Certificate(each).toString());
    if (parsed.length > 0) return Buffer.from(parsed.join('')).toString('base64');
  } catch {
    throw lie('a certificate authority');
  }
  throw lie('an empty certificate authority');
}

export const clusterEntry = (name: string, access: DestinationAccess, existing?: Entry): Entry => ({
  ...existing,
  name,
  cluster: {
    ...section(existing, 'cluster'),
    server: access.server,
    'tls-server-name': access.tlsServerName,
    'certificate-authority-data': access.certificateAuthority,
  },
});

/** Where a cluster's entry points. */
export function serverOf(entry: Entry): string | undefined {
  const { server } = section(entry, 'cluster');
  return typeof server === 'string' ? server : undefined;
}

/** The person's own namespace in our context stays, unless one is asked for. */
export const contextEntry = (name: string, namespace: string | undefined, existing?: Entry): Entry => ({
  ...existing,
  name,
  context: { ...section(existing, 'context'), cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) },
});

export function userEntry(
  name: string,
  { destination, profile, plugin }: { destination: string; profile: string; plugin: PluginCommand },
): Entry {
  const environment = plugin.home === undefined ? {} : { env: [{ name: 'INFRA_HOME', value: plugin.home }] };
  return {
    name,
    user: {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: plugin.command,
        args: [...plugin.argumentsBefore, 'kube', 'credential', '--destination', destination, '--profile', profile],
        ...environment,
        // So that kubectl says whether somebody sits there: the plugin reads nothing, and may open the login by browser then.
        interactiveMode: 'IfAvailable',
        provideClusterInfo: false,
        installHint: 'infra is not installed any more where it was; install it and run: infra kubeconfig write',
      },
    },
  };
}

/** What a user entry of ours says about itself; undefined for an entry that is not ours, whatever its name. */
export function ownerOf(entry: Entry): { destination: string; profile: string } | undefined {
  if (!entry.name.startsWith('infra:')) return undefined;
  const exec = section({ name: '', ...section(entry, 'user') }, 'exec');
  const args = Array.isArray(exec['args']) ? (exec['args'] as readonly unknown[]) : [];
  const [kube, credential, destinationFlag, destination, profileFlag, profile] = args.slice(args.indexOf('kube'));
  if (kube !== 'kube' || credential !== 'credential' || destinationFlag !== '--destination' || profileFlag !== '--profile')
    return undefined;
  return typeof destination === 'string' && typeof profile === 'string' ? { destination, profile } : undefined;
}

function section(entry: Entry | undefined, key: string): Readonly<Record<string, unknown>> {
  const value = entry?.[key];
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
