/** The list of all commands, in the order of the help. */
import type { CommandSpec } from '../command.ts';
import { auditCommands } from './audit.ts';
import { completionCommand } from './completion.ts';
import { destinationCommands } from './destinations.ts';
import { explainCommands } from './explain.ts';
import { grantCommands } from './grants.ts';
import { groupCommands } from './groups.ts';
import { keyCommands } from './keys.ts';
import { kubeCommand } from './kube.ts';
import { kubeconfigCommands } from './kubeconfig.ts';
import { leaseCommands } from './leases.ts';
import { listCommand } from './list.ts';
import { loginCommand } from './login.ts';
import { logoutCommand } from './logout.ts';
import { mfaCommands } from './mfa.ts';
import { providerCommands } from './providers.ts';
import { resetPasswordCommand } from './reset-password.ts';
import { revokeCommand } from './revoke.ts';
import { scimTokenCommands } from './scim-tokens.ts';
import { sessionCommands } from './sessions.ts';
import { statusCommand } from './status.ts';
import { trustRuleCommands } from './trust.ts';
import { useCommand } from './use.ts';
import { userAccountCommands } from './user-accounts.ts';
import { userCommands } from './users.ts';
import { versionCommand } from './version.ts';
import { whoamiCommand } from './whoami.ts';
import { workloadCommands } from './workloads.ts';

export const allCommands: readonly CommandSpec[] = [
  loginCommand,
  logoutCommand,
  resetPasswordCommand,
  whoamiCommand,
  statusCommand,
  listCommand,
  useCommand,
  ...kubeconfigCommands,
  kubeCommand,
  ...userCommands,
  ...userAccountCommands,
  ...workloadCommands,
  ...trustRuleCommands,
  ...groupCommands,
  ...grantCommands,
  ...explainCommands,
  ...providerCommands,
  ...scimTokenCommands,
  ...destinationCommands,
  ...keyCommands,
  ...mfaCommands,
  ...sessionCommands,
  ...leaseCommands,
  revokeCommand,
  ...auditCommands,
  versionCommand,
  completionCommand(() => allCommands),
];

/** What each word that has subcommands is about. */
export const topics: Readonly<Record<string, string>> = {
  kubeconfig: 'our entries in the kubeconfig',
  kube: 'for kubectl',
  users: 'people',
  workloads: 'programs with an identity',
  'trust-rules': 'whose tokens open sessions of workloads',
  groups: 'sets of identities',
  grants: 'who may do what where',
  providers: 'where people sign in',
  'scim-tokens': 'tokens with which providers’ directories speak to the server',
  destinations: 'what access is brokered to',
  keys: 'access keys for automation',
  mfa: 'my second factor',
  sessions: 'logins',
  leases: 'issued credentials',
  audit: 'who did what, when',
};
