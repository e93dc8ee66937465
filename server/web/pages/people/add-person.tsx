import { useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import { useAct } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Actions } from '../../parts/dialog.tsx';
import { Form, TextField } from '../../parts/form.tsx';
import { Name } from '../../parts/name.tsx';
import { Once } from '../../parts/once.tsx';

export function AddPerson({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [email, setEmail] = useState('');
  const [, navigate] = useLocation();
  const adding = useAct(api.users.create);
  if (adding.isSuccess) {
    const { user, oneTimePassword } = adding.data;
    return (
      <>
        <p>
          <Name isWhole>{user.email}</Name> can sign in now, and may do nothing yet: grants say what.
        </p>
        {oneTimePassword !== null && (
          <Once what="One-time password" secret={oneTimePassword}>
            It is shown this once, and has to be changed at the first login.
          </Once>
        )}
        <Actions>
          <Button onClick={onClose}>Done</Button>
          <Button
            kind="main"
            onClick={() => {
              onClose();
              navigate(`/people/${user.id}`);
            }}
          >
            Go to their page
          </Button>
        </Actions>
      </>
    );
  }
  return (
    <Form onSubmit={() => adding.mutate({ body: { email: email.trim() } })} error={adding.error} fields={['email']}>
      <TextField
        label="Email"
        type="email"
        hint="The account’s name. They get a one-time password from you; who comes by an identity provider needs no adding."
        value={email}
        onChange={setEmail}
        refusal={fieldRefusals(adding.error).get('email')}
        isRequired
        autoFocus
      />
      <Command text={`infra users add ${shellWord(email.trim() || 'EMAIL')}`} label="The same on the command line" />
      <Actions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="main" submits isBusy={adding.isPending}>
          Add
        </Button>
      </Actions>
    </Form>
  );
}
