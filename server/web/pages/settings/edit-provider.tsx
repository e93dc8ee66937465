import { useState, type ReactNode } from 'react';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import { useAct } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Form } from '../../parts/form.tsx';
import { draftOf, update, updateCommand } from './provider-draft.ts';
import { ProviderFields, refusalsByField, shownPaths } from './provider-fields.tsx';

export function EditProvider({ of, onClose }: { readonly of: IdentityProvider; readonly onClose: () => void }): ReactNode {
  const [draft, setDraft] = useState(() => draftOf(of));
  const changing = useAct(api.identityProviders.update, ({ name }) => {
    announce(`${name} is changed`);
    onClose();
  });
  const body = update(draft, of);
  const isChanged = Object.keys(body).length > 0;
  return (
    <Dialog title={`Change ${of.name}`} onClose={onClose} isWide>
      <p>Name, kind and issuer stay: people and groups are known by them.</p>
      <Form
        onSubmit={() => (isChanged ? changing.mutate({ params: { id: of.id }, body }) : onClose())}
        error={changing.error}
        fields={shownPaths(fieldRefusals(changing.error))}
      >
        <ProviderFields
          draft={draft}
          set={(change) => setDraft((before) => ({ ...before, ...change }))}
          refusals={refusalsByField(fieldRefusals(changing.error))}
          isNew={false}
        />
        {isChanged && <Command text={updateCommand(draft, of)} label="The same on the command line" />}
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" submits isBusy={changing.isPending}>
            Save
          </Button>
        </Actions>
      </Form>
    </Dialog>
  );
}
