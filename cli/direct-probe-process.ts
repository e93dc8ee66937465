/**
 * A program of its own that asks at addresses once: they as JSON on stdin, the answers as JSON on stdout. Looking a name up cannot be called off,
 * and Node waits for it even at its end: where a name's server is silent that is ten seconds and more. This one goes when it has answered.
 */
import { text } from 'node:stream/consumers';
import { probeAddresses, type ProbedAddress } from './direct-probe.ts';

// Our own program wrote it.
const addresses = JSON.parse(await text(process.stdin)) as readonly ProbedAddress[];
process.stdout.write(JSON.stringify(await probeAddresses(addresses)), () => process.kill(process.pid, 'SIGKILL'));
