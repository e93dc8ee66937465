/** The load generator for handshakes: each request on a connection of its own, which resumes the TLS session of the one before or does not. */
import { connect, type TLSSocket } from 'node:tls';
import { createRecord, readPlan, tlsOptions } from './generator-plan.ts';

const plan = await readPlan();
const record = createRecord();
const request = Buffer.from(plan.requests[0] ?? '');
const wantsResumption = plan.client === 'resumed-handshakes';

for (let lane = 0; lane < plan.connections; lane++) begin(undefined);
await record.reportAfter(plan.seconds);

function begin(session: Buffer | undefined): void {
  if (record.isOver()) return;
  const since = performance.now();
  let latest: Buffer | undefined;
  const socket: TLSSocket = connect({
    ...tlsOptions(plan.target),
    ALPNProtocols: ['http/1.1'],
    ...(session === undefined || !wantsResumption ? {} : { session }),
  });
  socket.on('session', (ticket: Buffer) => (latest = ticket));
  socket.on('error', (error: Error) => record.fail(error.message));
  socket.once('secureConnect', () => {
    if (socket.isSessionReused() !== (wantsResumption && session !== undefined))
      record.fail(`a session was ${wantsResumption ? 'not ' : ''}resumed`);
    socket.write(request);
  });
  // The answer is one piece, and after the tickets.
  socket.once('data', (answer: Buffer) => {
    record.answered(since, answer.toString('latin1', 9, 12));
    socket.destroy();
    begin(latest);
  });
}
