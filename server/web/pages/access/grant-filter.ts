/** What the grants on the Access page are narrowed by: words of the address, made into a question to the server. */
import { api } from '../../../../shared/api/index.ts';
import type { CallInput } from '../../../../shared/api/endpoint.ts';
import { fromTime, toTime } from '../../../../shared/clock.ts';
import { parseResourceName, serverResource } from '../../../../shared/resource-name.ts';
import { safeText } from '../../../../shared/safe-text.ts';
import { parseDuration } from '../../../../shared/ttl.ts';
import { useRead } from '../../api/reads.ts';
import type { Choice } from '../../parts/form.tsx';
import { exactTime, useNow } from '../../parts/time.tsx';

export const filterNames = ['search', 'resource', 'role', 'state', 'endsBefore'] as const;
export type FilterName = (typeof filterNames)[number];
export type FilterValues = Readonly<Partial<Record<FilterName, string>>>;
export type GrantQuery = NonNullable<CallInput<typeof api.grants.list>['query']>;

export const stateChoices = [
  { value: 'applied', text: 'Applied' },
  { value: 'pending', text: 'Pending' },
  { value: 'failed', text: 'Failed' },
] as const;

const withinChoices = [
  { value: '1d', text: 'a day' },
  { value: '7d', text: '7 days' },
  { value: '30d', text: '30 days' },
] as const;

export function endChoices(current: string | undefined): readonly Choice<string>[] {
  if (current === undefined || withinChoices.some(({ value }) => value === current)) return withinChoices;
  const isTime = parseDuration(current) === undefined && !Number.isNaN(fromTime(current));
  return [...withinChoices, { value: current, text: isTime ? exactTime(current) : current }];
}

/** With the one that is chosen, wherever it comes from. */
export function choicesOf(known: readonly string[], current: string | undefined): readonly Choice<string>[] {
  const all = new Set(known);
  if (current !== undefined) all.add(current);
  return [...all].map((value) => ({ value, text: safeText(value) }));
}

const hourMilliseconds = 3_600_000;

/** `7d` from now, by whole hours so that the question stays the same for a while; or a time as it stands. */
function endsBeforeOf(text: string, now: number): string {
  const seconds = parseDuration(text);
  return seconds === undefined ? text : toTime(Math.ceil(now / hourMilliseconds) * hourMilliseconds + seconds * 1000);
}

/** `prod` means all of it, so it takes the destination's id; a namespace and `infra` are asked for by name. */
export type PlaceQuery = Pick<GrantQuery, 'resource' | 'destination'>;

export interface GrantQuestion {
  /** Undefined: not known yet, or there is no such destination. */
  readonly query: GrantQuery | undefined;
  readonly destinations: readonly string[];
  readonly isUnknownDestination: boolean;
}

export function useGrantQuestion(values: FilterValues): GrantQuestion {
  const now = useNow();
  const { search, resource, role, state, endsBefore } = values;
  const directory = useRead(api.destinations.directory, {});
  const all = directory.data?.destinations ?? [];
  const parsed = resource === undefined ? undefined : parseResourceName(resource);
  const isWhole = parsed !== undefined && parsed.destination !== serverResource && parsed.namespace === undefined;
  const destination = isWhole ? all.find(({ name }) => name === parsed.destination)?.id : undefined;
  const place: PlaceQuery = isWhole ? { destination } : { resource };
  const known = stateChoices.find(({ value }) => value === state)?.value;
  const isReady = !isWhole || destination !== undefined;
  return {
    query: isReady
      ? { search, role, state: known, endsBefore: endsBefore === undefined ? undefined : endsBeforeOf(endsBefore, now), ...place }
      : undefined,
    destinations: all.map(({ name }) => name).sort(),
    isUnknownDestination: isWhole && directory.data !== undefined && destination === undefined,
  };
}
