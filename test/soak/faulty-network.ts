/**
 * A server's machine behind a router with NAT, made of network namespaces, on whose way packets are really dropped, reset and forgotten. The way by the router
 * is for connectors; another one, on which nothing fails, is for everybody else. Needs root.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { needDebianPackages } from '../support/debian-packages.ts';

export interface FaultyNetwork {
  /** In which the server runs. */
  readonly namespace: string;
  /** Of the server, by the router. */
  readonly address: string;
  /** Of the server, past it. */
  readonly safeAddress: string;
  /** Puts a rule before all others of what the router passes on; gives what takes it away. */
  rule(...rule: readonly string[]): Promise<() => Promise<void>>;
  /** The router forgets every connection, and takes what goes on for nothing it knows. */
  forget(): Promise<void>;
  remove(): Promise<void>;
}

const run = async (...command: readonly string[]): Promise<void> => {
  const [file = '', ...args] = command;
  await promisify(execFile)(file, args);
};

export async function makeFaultyNetwork(): Promise<FaultyNetwork> {
  await needDebianPackages('iproute2', 'iptables', 'conntrack', 'procps');
  const number = await claimNumber();
  const [server, router] = [`infra-server-${number}`, `infra-router-${number}`];
  const inRouter = async (...command: readonly string[]): Promise<void> => run('ip', 'netns', 'exec', router, ...command);
  const address = (host: number): string => `10.95.${number}.${host}`;
  const remove = async (): Promise<void> => {
    for (const namespace of [server, router]) await run('ip', 'netns', 'del', namespace).catch(() => undefined);
    await run('ip', 'link', 'del', linkName(number)).catch(() => undefined);
    await run('ip', 'link', 'del', `${linkName(number)}s`).catch(() => undefined);
  };
  try {
    for (const namespace of [server, router]) {
      await run('ip', 'netns', 'add', namespace);
      await run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    }
    await join(linkName(number), address(1), { namespace: router, device: 'outside', address: address(2) });
    await join(`${linkName(number)}s`, address(13), { namespace: server, device: 'safe', address: address(14) });
    await run('ip', '-n', router, 'link', 'add', 'inside', 'type', 'veth', 'peer', 'name', 'outside', 'netns', server);
    await raise(router, 'inside', address(9));
    await raise(server, 'outside', address(10));
    await run('ip', 'route', 'add', `${address(8)}/30`, 'via', address(2));
    await inRouter('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    await inRouter('iptables', '-t', 'nat', '-A', 'POSTROUTING', '-o', 'inside', '-j', 'MASQUERADE');
    await inRouter('iptables', '-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'INVALID', '-j', 'DROP');
    // What is in the middle of a connection that it does not know is none.
    await inRouter('sysctl', '-qw', 'net.netfilter.nf_conntrack_tcp_loose=0');
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    namespace: server,
    address: address(10),
    safeAddress: address(14),
    rule: async (...rule) => {
      await inRouter('iptables', '-I', 'FORWARD', ...rule);
      return () => inRouter('iptables', '-D', 'FORWARD', ...rule);
    },
    forget: () => inRouter('conntrack', '-F'),
    remove,
  };
}

const linkName = (number: number): string => `infra-path-${number}`;

/** A link of a name can be made once: that is the claim. */
async function claimNumber(): Promise<number> {
  for (let number = 1; number < 255; number += 1) {
    try {
      await run('ip', 'link', 'add', linkName(number), 'type', 'veth', 'peer', 'name', `${linkName(number)}p`);
      return number;
    } catch (error) {
      if (!String(error).includes('File exists')) throw error;
    }
  }
  throw new Error('no number is free for another network');
}

async function raise(namespace: string, device: string, address: string): Promise<void> {
  await run('ip', '-n', namespace, 'addr', 'add', `${address}/30`, 'dev', device);
  await run('ip', '-n', namespace, 'link', 'set', device, 'up');
}

interface End {
  readonly namespace: string;
  readonly device: string;
  readonly address: string;
}

/** From this machine into a namespace. */
async function join(link: string, address: string, { namespace, device, address: inner }: End): Promise<void> {
  // The first was made when the number was claimed.
  await run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', `${link}p`).catch(() => undefined);
  await run('ip', 'link', 'set', `${link}p`, 'netns', namespace);
  await run('ip', '-n', namespace, 'link', 'set', `${link}p`, 'name', device);
  await raise(namespace, device, inner);
  await run('ip', 'addr', 'add', `${address}/30`, 'dev', link);
  await run('ip', 'link', 'set', link, 'up');
}
