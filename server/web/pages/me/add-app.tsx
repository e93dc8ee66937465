/** An app that shows codes: a proof of what there is, the secret, a first code of it, and the recovery codes that come with the first factor. */
import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { CallResult } from '../../../../shared/api/endpoint.ts';
import type { SecondFactor } from '../../../../shared/api/second-factors.ts';
import { useAct } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { Button } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Form, TextField } from '../../parts/form.tsx';
import { QrCode } from '../../parts/qr-code.tsx';
import { RecoveryCodes } from './factor-changes.tsx';
import { Proof, SignInAgain } from './proof.tsx';

interface Props {
  readonly factors: readonly SecondFactor[];
  readonly onClose: () => void;
}

export function AddApp({ factors, onClose }: Props): ReactNode {
  const beginning = useAct(api.secondFactors.begin);
  const begin = (code: string | undefined): void => beginning.mutate({ body: { kind: 'totp', ...(code === undefined ? {} : { code }) } });
  const title = factors.some(({ kind }) => kind === 'totp') ? 'Change the app that shows codes' : 'Add an app that shows codes';
  if (beginning.isSuccess) return <Confirm begun={beginning.data} title={title} onClose={onClose} />;
  return (
    <Dialog title={title} onClose={onClose}>
      <p>Any app for one-time codes does: it takes the secret as a picture or typed, and shows six digits from then on.</p>
      {factors.length > 0 ? (
        <>
          <p>First prove the second factor that you have.</p>
          <Proof
            factors={factors}
            purpose="add"
            text="Go on"
            onProof={begin}
            onCancel={onClose}
            isBusy={beginning.isPending}
            error={beginning.error}
          />
        </>
      ) : (
        <Form onSubmit={() => begin(undefined)} error={beginning.error}>
          <SignInAgain error={beginning.error} />
          <Actions>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="main" submits isBusy={beginning.isPending}>
              Show me the secret
            </Button>
          </Actions>
        </Form>
      )}
      <Command text="infra mfa add" label="The same on the command line" />
    </Dialog>
  );
}

function Confirm({
  begun: { id, secret, otpauthUri },
  title,
  onClose,
}: {
  readonly begun: CallResult<typeof api.secondFactors.begin>;
  readonly title: string;
  readonly onClose: () => void;
}): ReactNode {
  const [code, setCode] = useState('');
  const confirming = useAct(api.secondFactors.confirm);
  if (confirming.isSuccess)
    return (
      <Dialog title="The app is added" onClose={onClose}>
        <p>It is asked for after your password from now on.</p>
        {confirming.data.recoveryCodes.length > 0 ? (
          <RecoveryCodes codes={confirming.data.recoveryCodes} onClose={onClose} />
        ) : (
          <Actions>
            <Button kind="main" onClick={onClose}>
              Close
            </Button>
          </Actions>
        )}
      </Dialog>
    );
  return (
    <Dialog title={title} onClose={onClose}>
      <QrCode text={otpauthUri} label="The secret, for the app to read" />
      <p>
        Or type the secret: <Copyable text={secret} what="the secret" />
      </p>
      <Form onSubmit={() => confirming.mutate({ params: { id }, body: { code: code.trim() } })} error={confirming.error} fields={['code']}>
        <TextField
          label="Code that the app shows now"
          value={code}
          onChange={setCode}
          autoComplete="one-time-code"
          refusal={fieldRefusals(confirming.error).get('code')}
          isRequired
          autoFocus
        />
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" submits isBusy={confirming.isPending}>
            Add the app
          </Button>
        </Actions>
      </Form>
    </Dialog>
  );
}
