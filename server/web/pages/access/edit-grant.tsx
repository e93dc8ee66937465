/** Changing the terms of a grant: what is left as it is is not sent. */
import { useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import type { CallInput } from '../../../../shared/api/endpoint.ts';
import type { Grant } from '../../../../shared/api/grants.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { formatDuration } from '../../../../shared/ttl.ts';
import { useAct } from '../../api/reads.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Form } from '../../parts/form.tsx';
import { exactTime } from '../../parts/time.tsx';
import { endFlag, endTime, localOf, type End } from './end-of-grant.ts';
import { commandOf, flag, followedPath } from './grant-words.ts';
import { refusalsByField } from './refusals.ts';
import { EndField, ReasonField, SecondFactorField } from './terms-fields.tsx';

interface Terms {
  readonly end: End;
  readonly mfaSeconds: number | null;
  readonly reason: string;
}

type Body = CallInput<typeof api.grants.update>['body'];

/** Undefined: a time is to be chosen first. */
function changesOf(grant: Grant, { end, mfaSeconds, reason }: Terms, now: number): Body | undefined {
  const until = endTime(end, now);
  if (until === undefined && end.choice !== 'keep') return undefined;
  const said = reason.trim() === '' ? null : reason.trim();
  return {
    ...(until === undefined || until === grant.until ? {} : { until }),
    ...(mfaSeconds === grant.mfaSeconds ? {} : { mfaSeconds }),
    ...(said === grant.reason ? {} : { reason: said }),
  };
}

const endFlagOf = (grant: Grant, end: End): string | undefined =>
  end.choice === 'none' && grant.until !== null ? '--no-end' : endFlag(end);

function changeCommand(grant: Grant, { end, mfaSeconds, reason }: Terms): string {
  return commandOf(
    'infra grants change',
    grant.id,
    endFlagOf(grant, end),
    mfaSeconds === grant.mfaSeconds ? undefined : mfaSeconds === null ? '--mfa none' : flag('mfa', formatDuration(mfaSeconds)),
    reason.trim() === (grant.reason ?? '') ? undefined : flag('reason', reason.trim()),
  );
}

export function EditGrant({ grant, onClose }: { readonly grant: Grant; readonly onClose: () => void }): ReactNode {
  const [terms, setTerms] = useState<Terms>({
    end: { choice: 'keep', local: grant.until === null ? '' : localOf(grant.until) },
    mfaSeconds: grant.mfaSeconds,
    reason: grant.reason ?? '',
  });
  const [said, setSaid] = useState<'nothing-changed' | 'time-missing'>();
  const [, navigate] = useLocation();
  const changing = useAct(api.grants.update, ({ change }) => {
    announce('The grant is changed');
    onClose();
    navigate(followedPath(grant.id, change), { replace: true });
  });
  const refusals = refusalsByField(changing.error);
  const set = (changed: Partial<Terms>): void => {
    setTerms({ ...terms, ...changed });
    setSaid(undefined);
    if (!changing.isPending) changing.reset();
  };
  const submit = (): void => {
    if (changing.isPending) return;
    const body = changesOf(grant, terms, systemClock.now());
    if (body === undefined) setSaid('time-missing');
    else if (Object.keys(body).length === 0) setSaid('nothing-changed');
    else changing.mutate({ params: { id: grant.id }, body });
  };
  return (
    <Dialog title="Change the grant" onClose={onClose}>
      <Form onSubmit={submit} error={refusals.size > 0 ? null : changing.error}>
        <EndField
          end={terms.end}
          onChange={(end) => set({ end })}
          refusal={refusals.get('until') ?? (said === 'time-missing' ? 'Choose a time, or no end.' : undefined)}
          kept={grant.until === null ? 'no end' : exactTime(grant.until)}
        />
        <SecondFactorField seconds={terms.mfaSeconds} onChange={(mfaSeconds) => set({ mfaSeconds })} refusal={refusals.get('mfaSeconds')} />
        <ReasonField reason={terms.reason} onChange={(reason) => set({ reason })} refusal={refusals.get('reason')} />
        {said === 'nothing-changed' && <p role="alert">Nothing is changed yet.</p>}
        <Command text={changeCommand(grant, terms)} label="The same on the command line" />
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" submits isBusy={changing.isPending}>
            {changing.isPending ? 'Working …' : 'Change it'}
          </Button>
        </Actions>
      </Form>
    </Dialog>
  );
}
