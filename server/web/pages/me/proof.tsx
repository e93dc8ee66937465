/** A proof of a second factor that is there, before anything about it changes: a code, or a passkey on the server's page for it. */
import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from 'react';
import { ApiError } from '../../../../shared/client.ts';
import { api } from '../../../../shared/api/index.ts';
import type { ProofPurpose } from '../../../../shared/api/passkeys.ts';
import type { SecondFactor } from '../../../../shared/api/second-factors.ts';
import type { CallResult } from '../../../../shared/api/endpoint.ts';
import { uiLoginUrl } from '../../../../shared/api/ui-login.ts';
import { useAct, useRead } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { Button } from '../../parts/button.tsx';
import { Actions } from '../../parts/dialog.tsx';
import { Form, TextField } from '../../parts/form.tsx';
import { Failed, Loading } from '../../parts/states.tsx';
import styles from './me.module.css';

export interface ProofProps {
  readonly factors: readonly SecondFactor[];
  readonly purpose: ProofPurpose;
  /** With what goes to the server in place of a code. */
  readonly onProof: (code: string) => void;
  readonly onCancel: () => void;
  /** Of what was done with the proof. */
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly text: string;
}

export function Proof({ factors, purpose, onProof, onCancel, isBusy, error, text }: ProofProps): ReactNode {
  const [code, setCode] = useState('');
  const [isInOtherTab, setInOtherTab] = useState(false);
  const asking = useAct(api.passkeys.ask, () => setInOtherTab(true));
  const hasPasskey = factors.some(({ kind }) => kind === 'passkey');
  if (isInOtherTab && asking.isSuccess)
    return (
      <PasskeyPage
        link={asking.data}
        text="Open the page for your passkey"
        onDone={() => {
          setInOtherTab(false);
          onProof(asking.data.proof);
        }}
        onCancel={() => setInOtherTab(false)}
      />
    );
  return (
    <Form onSubmit={() => onProof(code.trim())} error={error ?? asking.error} fields={['code']}>
      <TextField
        label="Code of your app, or a recovery code"
        value={code}
        onChange={setCode}
        autoComplete="one-time-code"
        refusal={fieldRefusals(error).get('code')}
        autoFocus
      />
      <SignInAgain error={error} />
      <Actions>
        <Button onClick={onCancel}>Cancel</Button>
        {hasPasskey && (
          <Button onClick={() => asking.mutate({ body: { purpose } })} isBusy={asking.isPending}>
            Use a passkey
          </Button>
        )}
        <Button kind="main" submits isBusy={isBusy}>
          {text}
        </Button>
      </Actions>
    </Form>
  );
}

type Link = Pick<CallResult<typeof api.passkeys.begin>, 'id' | 'url'>;

/** The ceremony takes a page of its own; this one waits until that is done. */
export function PasskeyPage({
  link: { id, url },
  text,
  onDone,
  onCancel,
}: {
  readonly link: Link;
  readonly text: string;
  readonly onDone: () => void;
  readonly onCancel: () => void;
}): ReactNode {
  const found = useRead(api.passkeys.link, { params: { id } }, { everyMilliseconds: 700 });
  const isDone = found.data?.isDone === true;
  const wasDone = useRef(false);
  const finish = useEffectEvent(onDone);
  useEffect(() => {
    if (!isDone || wasDone.current) return;
    wasDone.current = true;
    finish();
  }, [isDone]);
  return (
    <>
      <p>It opens in a new tab and holds for five minutes. Come back here when it says that it is done.</p>
      <p>
        <a className={styles.open} href={url} target="_blank" rel="noopener noreferrer">
          {text}
        </a>
      </p>
      {found.error === null ? <Loading what="Waiting for the passkey" /> : <Failed error={found.error} />}
      <Actions>
        <Button onClick={onCancel}>Back</Button>
      </Actions>
    </>
  );
}

/** A login that is too old for it is the one refusal that this page can mend. */
export function SignInAgain({ error }: { readonly error: unknown }): ReactNode {
  if (!(error instanceof ApiError) || !error.problem.code.endsWith('.login-too-old')) return null;
  return (
    <p>
      <a href={uiLoginUrl({ next: '/me', isFresh: true })}>Sign in again</a>, and come back within ten minutes.
    </p>
  );
}
