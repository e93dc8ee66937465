/** Password and second factors of a person, and what an admin does when one is lost or stolen. */
import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { User } from '../../../../shared/api/users.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Name } from '../../parts/name.tsx';
import { Notice } from '../../parts/notice.tsx';
import { Once } from '../../parts/once.tsx';
import { Facts, Section } from '../../parts/page.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { counted } from '../../parts/words.ts';

const passwords: Readonly<Record<User['password'], string>> = {
  set: 'set',
  'one-time': 'a one-time password, to be changed at the next login',
  none: 'none: they cannot sign in with one',
};

const kinds: Readonly<Record<User['secondFactors'][number], string>> = { totp: 'codes of an app', passkey: 'passkey' };

export function SignIn({ user }: { readonly user: User }): ReactNode {
  const mayChange = useMay('admin');
  const { password, secondFactors, email } = user;
  return (
    <Section
      title="Password and second factors"
      actions={mayChange && <Resets user={user} />}
      command={`infra users show ${shellWord(email)}`}
    >
      <Facts
        of={[
          { name: 'Password', value: passwords[password] },
          {
            name: 'Second factors',
            value:
              secondFactors.length === 0
                ? 'none: the password alone opens the door'
                : [...new Set(secondFactors)].map((kind) => kinds[kind]).join(', '),
          },
        ]}
      />
    </Section>
  );
}

function Resets({ user: { id, email, secondFactors } }: { readonly user: User }): ReactNode {
  const settings = useRead(api.settings.get, {});
  const who = shellWord(email);
  const shared = { impact: { user: id }, input: { params: { id } } };
  return (
    <>
      <TakeBack
        {...shared}
        title={`Give ${email} a one-time password`}
        text="One-time password"
        says="The password that there is stops at once. All of their sessions and credentials end; access keys live on."
        act={api.users.resetPassword}
        changeOf={({ change }) => change}
        tells={({ oneTimePassword, accessKeys }) => (
          <>
            <Once what="One-time password" secret={oneTimePassword}>
              It is shown this once, and has to be changed at the next login.
            </Once>
            <KeysThatLive keys={accessKeys} />
          </>
        )}
        command={`infra users reset-password ${who} --wait`}
      />
      {settings.data?.mail === true && (
        <TakeBack
          {...shared}
          title={`Mail a link to choose a password to ${email}`}
          text="Mail a link"
          says="The password that there is stops at once; only they get to see the link. All of their sessions and credentials end; access keys live on."
          act={api.users.mailPasswordReset}
          changeOf={({ change }) => change}
          tells={({ accessKeys }) => (
            <>
              <p>
                A mail to <Name>{email}</Name> is on its way.
              </p>
              <KeysThatLive keys={accessKeys} />
            </>
          )}
          command={`infra users reset-password ${who} --mail --wait`}
        />
      )}
      {secondFactors.length > 0 && (
        <TakeBack
          {...shared}
          title={`Reset second factors of ${email}`}
          text="Reset second factors"
          says="For somebody who lost theirs: be sure that it is they who ask. Until they add one again their password alone opens the door. All of their sessions and credentials end."
          act={api.secondFactors.reset}
          changeOf={({ change }) => change}
          tells={({ factorsRemoved }) => <p>{counted(factorsRemoved, 'second factor')} taken away.</p>}
          command={`infra users reset-mfa ${who} --wait`}
        />
      )}
    </>
  );
}

/** Whoever resets a password because of a theft expects them to be over. */
function KeysThatLive({ keys }: { readonly keys: readonly { readonly id: string; readonly name: string }[] }): ReactNode {
  if (keys.length === 0) return null;
  return (
    <Notice>
      {counted(keys.length, 'access key')} {keys.length === 1 ? 'lives' : 'live'} on:{' '}
      <Name isWhole>{keys.map(({ name }) => name).join(', ')}</Name>. Remove what may be in wrong hands, below on this page.
    </Notice>
  );
}
