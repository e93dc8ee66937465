/** Taking something back: one question that says what ends, then the connectors' word for it. */
import { useSyncExternalStore, type ReactNode } from 'react';
import { api } from '../../../shared/api/index.ts';
import type { Endpoint, CallInput, CallResult } from '../../../shared/api/endpoint.ts';
import type { RevocationImpact } from '../../../shared/api/revocations.ts';
import type { Change } from '../../../shared/api/values.ts';
import { useAct, useRead } from '../api/reads.ts';
import { refusalOf } from '../api/refusal.ts';
import { Acknowledgements } from './acknowledgements.tsx';
import { announce } from './announcer.tsx';
import { Button } from './button.tsx';
import { Command } from './command.tsx';
import { Actions, Dialog } from './dialog.tsx';
import { Await } from './states.tsx';
import { counted } from './words.ts';
import styles from './take-back.module.css';

export interface TakeBackProps<E extends Endpoint> {
  /** On the button, and above the question: "Revoke ana@example.com". */
  readonly title: string;
  /** On the button where that is shorter; the title is read out. */
  readonly text?: string;
  /** `plain`: it gives back rather than takes. */
  readonly kind?: 'danger' | 'plain';
  /** What else is to be known before: what stays, what comes after it. */
  readonly says?: ReactNode;
  /** Of what the server can say what ends with it; absent: nothing is counted beforehand. */
  readonly impact?: CallInput<typeof api.revocations.impact>['query'];
  readonly act: E;
  readonly input: CallInput<E>;
  /** What the act came to, for its connectors. */
  readonly changeOf: (result: CallResult<E>) => Change;
  /** What else came of it, to be told once it is done: a password that is shown this once, what lives on. */
  readonly tells?: (result: CallResult<E>) => ReactNode;
  /** The command that does the same. */
  readonly command: string;
  /** When it is done and the dialog is closed; where the thing is gone, one goes elsewhere. */
  readonly onDone?: () => void;
}

/**
 * The question that is open now. It is drawn above all pages (`TakeBackDesk`): what is taken back often takes its row or its page along, and the
 * connectors' word comes after that.
 */
let asked: ReactNode = null;
let count = 0;
const listeners = new Set<() => void>();

function put(question: ReactNode): void {
  asked = question;
  listeners.forEach((listener) => listener());
}

export const TakeBackDesk = (): ReactNode =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => asked,
  );

export function TakeBack<E extends Endpoint>(props: TakeBackProps<E>): ReactNode {
  const { title, text = title, kind = 'danger' } = props;
  const ask = (): void => {
    count += 1;
    put(<Question key={count} {...props} onClose={() => put(null)} />);
  };
  return (
    <Button kind={kind} onClick={ask} {...(text === title ? {} : { label: title })}>
      {text}
    </Button>
  );
}

function Question<E extends Endpoint>({
  title,
  kind = 'danger',
  says,
  impact,
  act,
  input,
  changeOf,
  tells,
  command,
  onDone,
  onClose,
}: TakeBackProps<E> & { readonly onClose: () => void }): ReactNode {
  const doing = useAct(act, () => announce(`${title}: done`));
  const isDone = doing.isSuccess;
  const close = (): void => {
    onClose();
    if (isDone) onDone?.();
  };
  return (
    <Dialog title={title} onClose={close}>
      {isDone ? (
        // It is done: there is a result.
        <>
          {tells?.(doing.data)}
          <Acknowledgements change={changeOf(doing.data)} />
        </>
      ) : (
        <>
          {says !== undefined && <div>{says}</div>}
          {impact !== undefined && <Impact query={impact} />}
          {doing.error !== null && (
            <p role="alert" className={styles.alarm}>
              {alarmOf(doing.error)}
            </p>
          )}
        </>
      )}
      <Command text={command} label="The same on the command line" />
      <Actions>
        {isDone ? (
          <Button kind="main" onClick={close}>
            Close
          </Button>
        ) : (
          <>
            <Button onClick={close}>Cancel</Button>
            <Button kind={kind === 'danger' ? 'danger' : 'main'} isBusy={doing.isPending} onClick={() => doing.mutate(input)}>
              {doing.isPending ? 'Working …' : 'Yes, do it'}
            </Button>
          </>
        )}
      </Actions>
    </Dialog>
  );
}

function alarmOf(error: unknown): string {
  const refusal = refusalOf(error);
  return refusal.kind === 'signed-out' ? 'You are signed out.' : refusal.sentence;
}

function Impact({ query }: { readonly query: NonNullable<TakeBackProps<Endpoint>['impact']> }): ReactNode {
  const found = useRead(api.revocations.impact, { query });
  return <Await of={found}>{(impact) => <p className={styles.impact}>{impactSentence(impact)}</p>}</Await>;
}

export function impactSentence({ sessions, leases, people, destinations }: RevocationImpact): string {
  const offline = destinations.filter(({ online }) => !online).length;
  const ends = [sessions > 0 && counted(sessions, 'session'), leases > 0 && counted(leases, 'credential')].filter((part) => part !== false);
  const what =
    ends.length === 0
      ? 'Nothing that is open now ends.'
      : `${ends.join(' and ')} of ${counted(people, 'person', 'people')} ${sessions + leases === 1 ? 'ends' : 'end'}.`;
  if (destinations.length === 0) return what;
  const where = `${counted(destinations.length, 'destination')} ${destinations.length === 1 ? 'hears' : 'hear'} of it`;
  return `${what} ${where}${offline === 0 ? ' at once.' : `; ${counted(offline, 'of them is', 'of them are')} offline now.`}`;
}
