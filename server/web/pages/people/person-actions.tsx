import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import type { User } from '../../../../shared/api/users.ts';
import { shellWord } from '../../parts/command.tsx';
import { TakeBack } from '../../parts/take-back.tsx';

/** What is done to a person as a whole. */
export function PersonActions({ user: { id, email, status } }: { readonly user: User }): ReactNode {
  const [, navigate] = useLocation();
  const who = shellWord(email);
  const input = { params: { id } };
  return (
    <>
      <TakeBack
        title={`Revoke everything of ${email}`}
        text="Revoke everything"
        says="All of their sessions and credentials end. They may sign in again; to bar the door, disable them."
        impact={{ user: id }}
        act={api.users.revoke}
        input={input}
        changeOf={({ change }) => change}
        command={`infra revoke ${who} --wait`}
      />
      {status === 'active' ? (
        <TakeBack
          title={`Disable ${email}`}
          text="Disable"
          says="All of their sessions and credentials end, access keys stop, and nobody signs in as them. Groups and grants are kept for when they are enabled again."
          impact={{ user: id }}
          act={api.users.disable}
          input={input}
          changeOf={({ change }) => change}
          command={`infra users disable ${who} --wait`}
        />
      ) : (
        <TakeBack
          title={`Enable ${email}`}
          text="Enable"
          kind="plain"
          says="They may sign in again, and reach what their grants say. What ended stays ended; access keys that are still good work again."
          act={api.users.enable}
          input={input}
          changeOf={({ change }) => change}
          command={`infra users enable ${who} --wait`}
        />
      )}
      <TakeBack
        title={`Remove ${email}`}
        text="Remove"
        says="Their grants, memberships, access keys, sessions and credentials go with them, for good. The audit keeps what they did."
        impact={{ user: id }}
        act={api.users.remove}
        input={input}
        changeOf={({ change }) => change}
        command={`infra users remove ${who} --wait`}
        onDone={() => navigate('/people')}
      />
    </>
  );
}
