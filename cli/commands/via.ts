/** `--via` of the commands that write contexts. Holds for this once: the next one chooses anew. */
import type { CommandInput, OptionSpec } from '../command.ts';
import { CliError } from '../failure.ts';
import { ways, type Way, type WayWish } from '../way-rules.ts';

export const viaOption: OptionSpec = {
  flags: '--via <way>',
  help: 'direct or relay; without it the connector’s own address where it answers, else the server’s relay',
  check: parseWay,
};

export function wishOf(input: CommandInput): WayWish {
  const via = input.optional('via');
  return { choose: 'anew', via: via === undefined ? undefined : parseWay(via) };
}

function parseWay(text: string): Way {
  const way = ways.find((each) => each === text);
  if (way === undefined) throw new CliError('wrongUse', `--via is direct or relay, not "${text}"`);
  return way;
}
