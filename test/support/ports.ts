import { freePorts } from '../../scripts/kubernetes/free-ports.ts';

/** For a program that cannot be told to choose (port 0) and say which it took. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('one port was asked for');
  return port;
}
