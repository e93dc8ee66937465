/** A grant as somebody wishes for it in the form, made into what the server and the command line are asked. Pure. */
import type { CallInput } from '../../../../shared/api/endpoint.ts';
import type { api } from '../../../../shared/api/index.ts';
import { resourceName, roleName, subjectName } from '../../../../shared/api/values.ts';
import { formatDuration } from '../../../../shared/ttl.ts';
import { endFlag, endTime, type End } from './end-of-grant.ts';
import { commandOf, flag, orWord } from './grant-words.ts';

export interface Wish {
  readonly subject: string;
  readonly role: string;
  readonly resource: string;
  readonly end: End;
  readonly mfaSeconds: number | null;
  readonly reason: string;
}

export type WishBody = CallInput<typeof api.grants.create>['body'];

/** As the server is asked; undefined: a time is to be chosen first. */
export function bodyOf({ subject, role, resource, end, mfaSeconds, reason }: Wish, now: number): WishBody | undefined {
  const until = endTime(end, now);
  if (until === undefined) return undefined;
  return {
    subject: subject.trim(),
    role: role.trim(),
    resource: resource.trim(),
    ...(until === null ? {} : { until }),
    ...(mfaSeconds === null ? {} : { mfaSeconds }),
    ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
  };
}

/** Whether it is worth asking what it would change: all three are said, and are names of their kind. */
export const isSaid = ({ subject, role, resource }: Wish): boolean =>
  subjectName.safeParse(subject.trim()).success &&
  roleName.safeParse(role.trim()).success &&
  resourceName.safeParse(resource.trim()).success;

export const addCommand = ({ subject, role, resource, end, mfaSeconds, reason }: Wish): string =>
  commandOf(
    'infra grants add',
    orWord(subject, 'SUBJECT'),
    role.trim() === '' ? '--role ROLE' : flag('role', role.trim()),
    orWord(resource, 'RESOURCE'),
    endFlag(end),
    mfaSeconds === null ? undefined : flag('mfa', formatDuration(mfaSeconds)),
    reason.trim() === '' ? undefined : flag('reason', reason.trim()),
  );
