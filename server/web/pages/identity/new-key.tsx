import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import { parseDuration } from '../../../../shared/ttl.ts';
import { useAct } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Actions } from '../../parts/dialog.tsx';
import { Form, SelectField, TextField } from '../../parts/form.tsx';
import { Once } from '../../parts/once.tsx';
import type { Holder } from './holder.ts';

const lives = [
  { value: '7d', text: 'A week' },
  { value: '30d', text: '30 days' },
  { value: '90d', text: '90 days' },
  { value: '365d', text: 'A year' },
] as const;
type Life = (typeof lives)[number]['value'];

export function NewKey({ of, onClose }: { readonly of: Holder; readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [life, setLife] = useState<Life>('30d');
  const making = useAct(api.accessKeys.create);
  const refusals = fieldRefusals(making.error);
  if (making.isSuccess)
    return (
      <>
        <Once what="Access key" secret={making.data.secret}>
          It is shown this once. It opens sessions of {of.name} with: infra login SERVER --key-stdin
        </Once>
        <Actions>
          <Button kind="main" onClick={onClose}>
            Done
          </Button>
        </Actions>
      </>
    );
  const expiresInSeconds = parseDuration(life);
  return (
    <Form
      onSubmit={() =>
        making.mutate({
          body: { name: name.trim(), identity: of.name, ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }) },
        })
      }
      error={making.error}
      fields={['name']}
    >
      <TextField
        label="Name"
        hint="What runs on it, such as ci."
        value={name}
        onChange={setName}
        refusal={refusals.get('name')}
        isRequired
        autoFocus
      />
      <SelectField label="Good for" value={life} onChange={setLife} choices={lives} />
      <Command
        text={`infra keys add ${shellWord(name.trim() || 'NAME')} --for ${shellWord(of.name)} --expires-in ${life}`}
        label="The same on the command line"
      />
      <Actions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="main" submits isBusy={making.isPending}>
          Make the key
        </Button>
      </Actions>
    </Form>
  );
}
