/** How grants are said, where their pages are, and the commands that do the same. Pure. */
import type { Grant } from '../../../../shared/api/grants.ts';
import type { Change, Subject } from '../../../../shared/api/values.ts';
import { formatSubjectName } from '../../../../shared/resource-name.ts';
import { formatDuration } from '../../../../shared/ttl.ts';
import { shellWord } from '../../parts/command.tsx';

const pageOfKind = { user: '/people', group: '/groups', workload: '/workloads' } as const;

export const subjectPath = ({ kind, id }: Pick<Subject, 'kind' | 'id'>): string => `${pageOfKind[kind]}/${id}`;
export const grantPath = (id: string): string => `/access/${id}`;
/** A grant's page that follows the connectors' word on a change of it, where there is any to wait for. */
export const followedPath = (id: string, change: Change): string =>
  change === null ? grantPath(id) : `${grantPath(id)}?revision=${change.revision}`;

/** `ana@example.com: view on prod.web`. */
export const grantSentence = ({ subject, role, resource }: Pick<Grant, 'subject' | 'role' | 'resource'>): string =>
  `${formatSubjectName(subject)}: ${role} on ${resource}`;

export interface Asked {
  readonly subject?: string | undefined;
  readonly role?: string | undefined;
  readonly resource?: string | undefined;
}

/** On the page that answers: which question, where nobody is asked about yet. */
export interface Question extends Asked {
  readonly question?: 'why' | undefined;
}

const addressOf = (path: string, asked: Question): string => {
  const given = Object.entries(asked).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '');
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
};

/** The form for a new grant, with what is known filled in. */
export const newGrantPath = (asked: Asked): string => addressOf('/access/new', asked);
export const askPath = (asked: Question): string => addressOf('/ask', asked);

/** What an address fills into a field: one line, without what could turn it around or hide in it. */
export const plainLine = (text: string | null): string => (text ?? '').replace(/\p{C}/gu, '').slice(0, 300);

/** A flag with its value; one that begins with a dash would be read as another flag. */
export const flag = (name: string, value: string): string => `--${name}${value.startsWith('-') ? '=' : ' '}${shellWord(value)}`;

export const commandOf = (...words: readonly (string | undefined)[]): string => words.filter((word) => word !== undefined).join(' ');

/** Words that people put in place of: not quoted. */
export const orWord = (text: string, word: string): string => (text.trim() === '' ? word : shellWord(text.trim()));

export const secondFactorText = (mfaSeconds: number | null): string => (mfaSeconds === null ? '–' : `within ${formatDuration(mfaSeconds)}`);

export const removeCommand = (ids: readonly string[]): string =>
  ids.length === 1
    ? `infra grants remove ${ids[0] ?? ''} --wait`
    : `for grant in ${ids.join(' ')}; do infra grants remove "$grant" --wait; done`;
