/** What is done with second factors that are there. */
import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { SecondFactor } from '../../../../shared/api/second-factors.ts';
import { useAct } from '../../api/reads.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { CopyButton } from '../../parts/copy.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import styles from './me.module.css';
import { Proof } from './proof.tsx';

interface Props {
  readonly factors: readonly SecondFactor[];
  readonly onClose: () => void;
}

export function ProveMyself({ factors, onClose }: Props): ReactNode {
  const proving = useAct(api.secondFactors.prove, () => {
    announce('Your second factor is proven in this session');
    onClose();
  });
  return (
    <Dialog title="Prove your second factor" onClose={onClose}>
      <p>It counts for this browser. On your machine, prove it with the command.</p>
      <Proof
        factors={factors}
        purpose="verify"
        text="Prove it"
        onProof={(code) => proving.mutate({ body: { code } })}
        onCancel={onClose}
        isBusy={proving.isPending}
        error={proving.error}
      />
      <Command text="infra mfa verify" label="On your machine" />
    </Dialog>
  );
}

export function RenewRecoveryCodes({ factors, onClose }: Props): ReactNode {
  const renewing = useAct(api.secondFactors.renewRecoveryCodes);
  if (renewing.isSuccess)
    return (
      <Dialog title="Your recovery codes" onClose={onClose}>
        <RecoveryCodes codes={renewing.data.recoveryCodes} onClose={onClose} />
      </Dialog>
    );
  return (
    <Dialog title="New recovery codes" onClose={onClose}>
      <p>Those of before are void afterwards.</p>
      <Proof
        factors={factors}
        purpose="recovery-codes"
        text="Make them"
        onProof={(code) => renewing.mutate({ body: { code } })}
        onCancel={onClose}
        isBusy={renewing.isPending}
        error={renewing.error}
      />
      <Command text="infra mfa recovery-codes" label="The same on the command line" />
    </Dialog>
  );
}

export function RemoveFactor({ factor, factors, onClose }: Props & { readonly factor: SecondFactor }): ReactNode {
  const removing = useAct(api.secondFactors.remove, () => {
    announce('The second factor is removed');
    onClose();
  });
  const what = factor.kind === 'totp' ? 'the app' : `the passkey ${factor.name ?? ''}`;
  return (
    <Dialog title={`Remove ${what}`} onClose={onClose}>
      <p>
        {factors.length > 1
          ? 'The others are asked for as before.'
          : 'It is your last: the recovery codes go with it, and the password alone opens the door. Grants that need a second factor hold no more.'}
      </p>
      <Proof
        factors={factors}
        purpose="remove"
        text="Remove it"
        onProof={(code) => removing.mutate({ params: { id: factor.id }, body: { code } })}
        onCancel={onClose}
        isBusy={removing.isPending}
        error={removing.error}
      />
      <Command text={`infra mfa remove ${factor.id}`} label="The same on the command line" />
    </Dialog>
  );
}

/** The codes, and nothing that closes them by accident. */
export const RecoveryCodes = ({ codes, onClose }: { readonly codes: readonly string[]; readonly onClose: () => void }): ReactNode => (
  <>
    <p>
      Each is good once, in place of a second factor that is lost. They are shown this once: keep them where your devices are not.{' '}
      <CopyButton text={codes.join('\n')} what="the recovery codes" />
    </p>
    <ol className={styles.codes} aria-label="Recovery codes">
      {codes.map((code) => (
        <li key={code}>
          <code>{code}</code>
        </li>
      ))}
    </ol>
    <Actions>
      <Button kind="main" onClick={onClose}>
        I have kept them
      </Button>
    </Actions>
  </>
);
