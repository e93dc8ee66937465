import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import { useAct } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { Acknowledgements } from '../../parts/acknowledgements.tsx';
import { Button } from '../../parts/button.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Form, TextField } from '../../parts/form.tsx';
import { Section } from '../../parts/page.tsx';

export function OwnPassword(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <Section
      title="My password"
      intro="Of your account here, if you have one. At an identity provider it is changed there."
      actions={<Button onClick={() => setOpen(true)}>Change my password</Button>}
    >
      {isOpen && <ChangePassword onClose={() => setOpen(false)} />}
    </Section>
  );
}

function ChangePassword({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [currentPassword, setCurrent] = useState('');
  const [newPassword, setNew] = useState('');
  const changing = useAct(api.sessions.changeOwnPassword);
  const refusals = fieldRefusals(changing.error);
  if (changing.isSuccess)
    return (
      <Dialog title="Your password is changed" onClose={onClose}>
        <p>Your other sessions have ended.</p>
        <Acknowledgements change={changing.data.change} />
        <Actions>
          <Button kind="main" onClick={onClose}>
            Close
          </Button>
        </Actions>
      </Dialog>
    );
  return (
    <Dialog title="Change my password" onClose={onClose}>
      <Form
        onSubmit={() => changing.mutate({ body: { currentPassword, newPassword } })}
        error={changing.error}
        fields={['currentPassword', 'newPassword']}
      >
        <TextField
          label="Current password"
          type="password"
          autoComplete="current-password"
          value={currentPassword}
          onChange={setCurrent}
          refusal={refusals.get('currentPassword')}
          isRequired
          autoFocus
        />
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          value={newPassword}
          onChange={setNew}
          refusal={refusals.get('newPassword')}
          hint="Long is better than odd: four words that nobody would put together. Your other sessions end."
          isRequired
        />
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" submits isBusy={changing.isPending}>
            Change it
          </Button>
        </Actions>
      </Form>
    </Dialog>
  );
}
