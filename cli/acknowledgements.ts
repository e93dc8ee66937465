/** `--wait`: follows a change until every connector it concerns has enforced it, and says who has not and when it is true at the latest. */
import type { Acknowledgement } from '../shared/api/changes.ts';
import { api } from '../shared/api/index.ts';
import type { Change } from '../shared/api/values.ts';
import type { Call } from '../shared/client.ts';
import { systemClock } from '../shared/clock.ts';
import { parseDuration } from '../shared/ttl.ts';
import type { CommandContext, CommandInput, Connection, OptionSpec } from './command.ts';
import { CliError } from './failure.ts';

export const waitOptions: readonly OptionSpec[] = [
  { flags: '--wait', help: 'until every connector has enforced the change; exit 1 when one has not in time' },
  { flags: '--timeout <duration>', help: 'how long --wait waits, such as 10s (default) or 1m', check: parseTimeout },
];

const defaultTimeoutSeconds = 10;
/** The contract's longest long poll. */
const longestPollSeconds = 25;

/** With `--wait`, the acknowledgements are the command's result; without, `done` is said and that is all. */
export async function settleChange(
  context: CommandContext,
  input: CommandInput,
  { connection, change, done }: { connection: Connection; change: Change; done: string },
): Promise<void> {
  const timeoutSeconds = readTimeout(input);
  context.output.say(done);
  if (!input.flag('wait')) return;
  const outcome =
    change === null ? nobodyConcerned : await withProgress(context, () => follow(connection.call, change.revision, timeoutSeconds));
  printAcknowledgements(context, outcome);
  const pending = outcome.acknowledgements.filter((each) => each.state === 'pending').length;
  if (!outcome.complete)
    throw new CliError(
      'failed',
      `${pending} of ${outcome.acknowledgements.length} not enforced after ${timeoutSeconds} s; the change stands and reaches them as soon as they are back`,
    );
}

const nobodyConcerned: Outcome = { revision: null, complete: true, acknowledgements: [] };

function readTimeout(input: CommandInput): number {
  const text = input.optional('timeout');
  return text === undefined ? defaultTimeoutSeconds : parseTimeout(text);
}

function parseTimeout(text: string): number {
  const seconds = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (seconds === undefined) throw new CliError('wrongUse', `--timeout takes a duration such as 10s or 1m, not "${text}"`);
  return seconds;
}

interface Outcome {
  readonly revision: number | null;
  readonly complete: boolean;
  readonly acknowledgements: readonly Acknowledgement[];
}

async function follow(call: Call, revision: number, timeoutSeconds: number): Promise<Outcome> {
  const giveUpAt = systemClock.now() + timeoutSeconds * 1000;
  for (;;) {
    const leftSeconds = Math.max(0, Math.ceil((giveUpAt - systemClock.now()) / 1000));
    const waitSeconds = Math.min(longestPollSeconds, leftSeconds);
    const answer = await call(api.changes.acknowledgements, { params: { revision }, query: { waitSeconds } });
    if (answer.complete || systemClock.now() >= giveUpAt) return answer;
  }
}

async function withProgress<Result>({ output }: CommandContext, work: () => Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => output.say('waiting for the connectors …'), 1000);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

function printAcknowledgements({ output }: CommandContext, outcome: Outcome): void {
  const rows = outcome.acknowledgements.map((each) => [
    each.destination.name,
    each.connectorId ?? 'no connector',
    describeAcknowledgement(each),
  ]);
  output.lines(outcome, rows);
  if (rows.length === 0) output.say('no connector needs to know');
}

export function describeAcknowledgement(acknowledgement: Acknowledgement): string {
  if (acknowledgement.state === 'enforced') {
    const took = acknowledgement.tookMilliseconds === null ? '' : ` in ${acknowledgement.tookMilliseconds} ms`;
    return `enforced${took}, ${counted(acknowledgement.streamsClosed, 'stream')} closed`;
  }
  const latest = acknowledgement.trueBy === null ? 'pending' : `pending, not later than ${acknowledgement.trueBy}`;
  return `${latest} because ${whyPending(acknowledgement)}`;
}

function whyPending({ connectorId, lastSeenAt, trueBy }: Acknowledgement): string {
  if (connectorId === null) return 'no connector has joined yet';
  const silence = lastSeenAt === null ? 'the connector was never heard of' : `the connector was last heard of at ${lastSeenAt}`;
  return trueBy === null ? silence : `${silence} and then its staleness limit or the last credential ends`;
}

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
