import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { SecondFactor } from '../../../../shared/api/second-factors.ts';
import { useAct } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Form, TextField } from '../../parts/form.tsx';
import { Name } from '../../parts/name.tsx';
import { Failed } from '../../parts/states.tsx';
import { RecoveryCodes } from './factor-changes.tsx';
import { PasskeyPage, Proof, SignInAgain } from './proof.tsx';

interface Props {
  readonly factors: readonly SecondFactor[];
  readonly onClose: () => void;
}

export function AddPasskey({ factors, onClose }: Props): ReactNode {
  const [name, setName] = useState('passkey');
  const [isNamed, setNamed] = useState(false);
  const beginning = useAct(api.passkeys.begin);
  const confirming = useAct(api.passkeys.confirm);
  const begin = (code: string | undefined): void =>
    beginning.mutate({ body: { name: name.trim(), ...(code === undefined ? {} : { code }) } });
  const isProofNeeded = factors.length > 0;
  if (confirming.isSuccess) return <Added {...confirming.data} onClose={onClose} />;
  return (
    <Dialog title="Add a passkey" onClose={onClose}>
      {beginning.isSuccess ? (
        <>
          <PasskeyPage
            link={beginning.data}
            text="Open the page that makes the passkey"
            onDone={() => confirming.mutate({ params: { id: beginning.data.id } })}
            onCancel={beginning.reset}
          />
          {confirming.error !== null && <Failed error={confirming.error} />}
        </>
      ) : isProofNeeded && isNamed && fieldRefusals(beginning.error).get('name') === undefined ? (
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
        <Form onSubmit={() => (isProofNeeded ? setNamed(true) : begin(undefined))} error={beginning.error} fields={['name']}>
          <TextField
            label="Name"
            hint="Which device it is on, such as laptop."
            value={name}
            onChange={(next) => {
              setName(next);
              beginning.reset();
            }}
            refusal={fieldRefusals(beginning.error).get('name')}
            isRequired
            autoFocus
          />
          <SignInAgain error={beginning.error} />
          <Actions>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="main" submits isBusy={beginning.isPending}>
              Go on
            </Button>
          </Actions>
        </Form>
      )}
      <Command text={`infra mfa add-passkey --name ${shellWord(name || 'NAME')}`} label="The same on the command line" />
    </Dialog>
  );
}

const Added = ({
  secondFactor,
  recoveryCodes,
  onClose,
}: {
  readonly secondFactor: SecondFactor;
  readonly recoveryCodes: readonly string[];
  readonly onClose: () => void;
}): ReactNode => (
  <Dialog title="The passkey is added" onClose={onClose}>
    <p>
      <Name>{secondFactor.name ?? 'passkey'}</Name> counts from now on.
      {secondFactor.signsInAlone === true && ' It does without the password, too.'}
    </p>
    {recoveryCodes.length > 0 ? (
      <RecoveryCodes codes={recoveryCodes} onClose={onClose} />
    ) : (
      <Actions>
        <Button kind="main" onClick={onClose}>
          Close
        </Button>
      </Actions>
    )}
  </Dialog>
);
