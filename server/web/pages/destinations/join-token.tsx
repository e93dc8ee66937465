/** Join tokens: shown once, with what is to be run where the cluster is. */
import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import { useAct } from '../../api/reads.ts';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Failed } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import styles from './destinations.module.css';

export interface JoinToken {
  readonly joinToken: string;
  readonly expiresAt: string;
}

/** The token and the commands: on a machine that reaches the cluster, from the token's file, which is not needed any more once the connector joined. */
export function JoinInstructions({ token: { joinToken, expiresAt } }: { readonly token: JoinToken }): ReactNode {
  return (
    <>
      <div className={styles.kind}>
        <p>
          The token is shown this once and joins one connector. It ends <Time at={expiresAt} />.
        </p>
        <div className={styles.token}>
          <Copyable text={joinToken} what="the join token" />
        </div>
      </div>
      <Command text="(umask 077; cat > token)" label="Where the connector is to run: paste the token into a file, then Enter and Ctrl-D" />
      <Command
        text={`infra-connector --server ${shellWord(location.origin)} --token-file token`}
        label="Start the connector there; it reaches the cluster by its kubeconfig"
      />
      <details>
        <summary>Other ways to run it</summary>
        <div className={styles.kind}>
          <p>
            It dials out and needs no open port. With <code>--relay-only on</code> it opens none at all; with{' '}
            <code>--address HOST:8444</code> kubectl goes straight there where it can.
          </p>
          <p>
            In production give it an account of its own in the cluster, with no more rights than it needs: they are in{' '}
            <code>docs/connector-rbac.yaml</code>.
          </p>
          <Command
            text={'kubectl create namespace infra\nkubectl apply -f docs/connector-rbac.yaml'}
            label="An account for the connector"
          />
        </div>
      </details>
    </>
  );
}

/** A further token: for a second connector, or for one whose state was lost. */
export function NewJoinToken({ id, name }: { readonly id: string; readonly name: string }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>New join token</Button>
      {isOpen && <JoinTokenDialog id={id} name={name} onClose={() => setOpen(false)} />}
    </>
  );
}

function JoinTokenDialog({ id, name, onClose }: { readonly id: string; readonly name: string; readonly onClose: () => void }): ReactNode {
  const making = useAct(api.destinations.createJoinToken);
  return (
    <Dialog title={`New join token for ${name}`} onClose={onClose} isWide>
      {making.data === undefined ? (
        <p>
          For a second connector of this destination, or one whose state was lost. Tokens that are out stay good until they end or are used.
        </p>
      ) : (
        <JoinInstructions token={making.data} />
      )}
      {making.error !== null && <Failed error={making.error} />}
      <Command text={`infra destinations token ${shellWord(name)}`} label="The same on the command line" />
      <Actions>
        {making.data === undefined ? (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="main" isBusy={making.isPending} onClick={() => making.mutate({ params: { id } })}>
              Make a token
            </Button>
          </>
        ) : (
          <Button kind="main" onClick={onClose}>
            Close
          </Button>
        )}
      </Actions>
    </Dialog>
  );
}
