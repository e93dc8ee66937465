import { useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import { useAct } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Actions } from '../../parts/dialog.tsx';
import { Form, TextField } from '../../parts/form.tsx';

export function AddWorkload({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [, navigate] = useLocation();
  const adding = useAct(api.workloads.create, (workload) => {
    announce(`${workload.name} is added`);
    onClose();
    navigate(`/workloads/${workload.id}`);
  });
  return (
    <Form onSubmit={() => adding.mutate({ body: { name: name.trim() } })} error={adding.error} fields={['name']}>
      <TextField
        label="Name"
        hint="Such as deploy. Next it needs a way in, a trust rule or an access key, and grants."
        value={name}
        onChange={setName}
        refusal={fieldRefusals(adding.error).get('name')}
        isRequired
        autoFocus
      />
      <Command text={`infra workloads add ${shellWord(name.trim() || 'NAME')}`} label="The same on the command line" />
      <Actions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="main" submits isBusy={adding.isPending}>
          Add
        </Button>
      </Actions>
    </Form>
  );
}
