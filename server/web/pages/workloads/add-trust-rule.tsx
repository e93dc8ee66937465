import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { Workload } from '../../../../shared/api/workloads.ts';
import { parseDuration } from '../../../../shared/ttl.ts';
import { useAct } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Actions } from '../../parts/dialog.tsx';
import { CheckField, Form, SelectField, TextField } from '../../parts/form.tsx';
import { claimsOf, commandOf, emptyWish, issuerOf, missingIn, type Platform, type TrustRuleWish } from './trust-rule-wish.ts';

const platforms: readonly { readonly value: Platform; readonly text: string }[] = [
  { value: 'github', text: 'GitHub Actions' },
  { value: 'gitlab', text: 'GitLab' },
  { value: 'kubernetes', text: 'Kubernetes' },
  { value: 'other', text: 'Another OpenID Connect issuer' },
];

const lives = [
  { value: '15m', text: '15 minutes' },
  { value: '1h', text: 'An hour' },
  { value: '8h', text: '8 hours' },
  { value: '24h', text: 'A day' },
] as const;

/** What to type in a field, and why it was not taken. */
export interface WishFieldProps {
  readonly wish: TrustRuleWish;
  readonly change: (part: Partial<TrustRuleWish>) => void;
  readonly refusalOf: (field: keyof TrustRuleWish) => string | undefined;
}

export function AddTrustRule({ workload, onClose }: { readonly workload: Workload; readonly onClose: () => void }): ReactNode {
  const [wish, setWish] = useState(emptyWish);
  const [isTried, setTried] = useState(false);
  const adding = useAct(api.trustRules.create, () => {
    announce('The trust rule is added');
    onClose();
  });
  const missing = missingIn(wish);
  const refusals = fieldRefusals(adding.error);
  const fields: WishFieldProps = {
    wish,
    change: (part) => setWish({ ...wish, ...part }),
    refusalOf: (field) => (isTried ? missing.get(field) : undefined) ?? refusals.get(field),
  };
  const submit = (): void => {
    setTried(true);
    if (missing.size === 0) adding.mutate({ body: bodyOf(workload, wish) });
  };
  return (
    <Form onSubmit={submit} error={adding.error} fields={['issuer', 'claims', 'audience', 'jwks']}>
      <SelectField
        label="Platform"
        hint="Whose tokens are to be taken."
        value={wish.platform}
        onChange={(platform) => setWish({ ...wish, platform })}
        choices={platforms}
      />
      <PlatformFields {...fields} />
      <TextField
        label="Audience"
        hint="Whom the tokens are for. Empty: the address of this server."
        value={wish.audience}
        onChange={(audience) => setWish({ ...wish, audience })}
        refusal={fields.refusalOf('audience')}
      />
      <SelectField label="A session lives for" value={wish.session} onChange={(session) => setWish({ ...wish, session })} choices={lives} />
      <CheckField
        label="A token may open several sessions while it lives"
        hint="Otherwise one, so that a token that leaked opens nothing once it was used."
        isOn={wish.reusable}
        onChange={(reusable) => setWish({ ...wish, reusable })}
      />
      <Command text={commandOf(workload.name, wish)} label="The same on the command line" />
      <Actions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="main" submits isBusy={adding.isPending}>
          {adding.isPending ? 'Asking the issuer for its keys …' : 'Add'}
        </Button>
      </Actions>
    </Form>
  );
}

function bodyOf({ id }: Workload, wish: TrustRuleWish) {
  const [audience, jwks] = [wish.audience.trim(), wish.jwks.trim()];
  return {
    workload: id,
    issuer: issuerOf(wish),
    claims: claimsOf(wish),
    ...(audience === '' ? {} : { audience }),
    ...(jwks === '' ? {} : { jwks }),
    sessionSeconds: parseDuration(wish.session) ?? 3600,
    reusable: wish.reusable,
  };
}

function PlatformFields(props: WishFieldProps): ReactNode {
  switch (props.wish.platform) {
    case 'github':
      return <Repository {...props} label="Repository" />;
    case 'gitlab':
      return (
        <>
          <Issuer {...props} label="GitLab" hint="Empty: https://gitlab.com" />
          <Repository {...props} label="Project" />
        </>
      );
    case 'kubernetes':
      return (
        <>
          <Issuer {...props} label="Issuer" hint="kubectl get --raw /.well-known/openid-configuration tells it." />
          <Account {...props} />
          <Keys
            {...props}
            hint="kubectl get --raw /openid/v1/jwks tells them. Empty: this server asks the issuer, where it can reach it."
          />
        </>
      );
    case 'other':
      return (
        <>
          <Issuer {...props} label="Issuer" hint="To the letter as the tokens write it." />
          <TextField
            label="Claims"
            hint={
              <>
                A line each, NAME=VALUE; all of them must fit. <code>*</code> stands for one whole part between <code>/</code> and{' '}
                <code>:</code>.
              </>
            }
            lines={3}
            value={props.wish.claims}
            onChange={(claims) => props.change({ claims })}
            refusal={props.refusalOf('claims')}
            isRequired
          />
          <Keys {...props} hint="Of an issuer that this server cannot reach. Empty: it is asked." />
        </>
      );
  }
}

const Issuer = ({
  wish,
  change,
  refusalOf,
  label,
  hint,
}: WishFieldProps & { readonly label: string; readonly hint: string }): ReactNode => (
  <TextField
    label={label}
    hint={hint}
    type="url"
    value={wish.issuer}
    onChange={(issuer) => change({ issuer })}
    refusal={refusalOf('issuer')}
  />
);

const Keys = ({ wish, change, refusalOf, hint }: WishFieldProps & { readonly hint: string }): ReactNode => (
  <TextField
    label="Keys (JSON Web Key Set)"
    hint={hint}
    lines={3}
    value={wish.jwks}
    onChange={(jwks) => change({ jwks })}
    refusal={refusalOf('jwks')}
  />
);

const Repository = ({ wish, change, refusalOf, label }: WishFieldProps & { readonly label: string }): ReactNode => (
  <>
    <TextField
      label={label}
      hint="Such as acme/shop; acme/* is all of acme."
      value={wish.repository}
      onChange={(repository) => change({ repository })}
      refusal={refusalOf('repository')}
      isRequired
    />
    <TextField
      label="Branch"
      hint="Empty: jobs of every branch and tag, and whoever may push one."
      value={wish.branch}
      onChange={(branch) => change({ branch })}
    />
  </>
);

const Account = ({ wish, change, refusalOf }: WishFieldProps): ReactNode => (
  <>
    <TextField
      label="Namespace"
      value={wish.namespace}
      onChange={(namespace) => change({ namespace })}
      refusal={refusalOf('namespace')}
      isRequired
    />
    <TextField
      label="Service account"
      value={wish.serviceAccount}
      onChange={(serviceAccount) => change({ serviceAccount })}
      refusal={refusalOf('serviceAccount')}
      isRequired
    />
  </>
);
