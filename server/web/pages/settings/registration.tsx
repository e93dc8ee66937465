import type { ReactNode } from 'react';
import { Copyable } from '../../parts/copy.tsx';
import { Facts } from '../../parts/page.tsx';

export interface Addresses {
  readonly redirectUri: string;
  readonly backchannelLogoutUri: string;
  readonly postLogoutRedirectUri: string;
}

/** What the server will answer to once the provider is there: `identityProviders.get` tells them of it. */
export const addressesOf = (publicUrl: string, name: string): Addresses => ({
  redirectUri: `${publicUrl}/login/callback/${name}`,
  backchannelLogoutUri: `${publicUrl}/login/provider-logout/${name}`,
  postLogoutRedirectUri: `${publicUrl}/login/left`,
});

/** What is to be registered at the provider, to copy. */
export const RegistrationOf = ({ redirectUri, backchannelLogoutUri, postLogoutRedirectUri }: Addresses): ReactNode => (
  <Facts
    of={[
      { name: 'Redirect URI, needed', value: <Copyable text={redirectUri} what="the redirect URI" /> },
      {
        name: 'Back-channel logout URI: a logout there is one here',
        value: <Copyable text={backchannelLogoutUri} what="the back-channel logout URI" />,
      },
      {
        name: 'Post-logout redirect URI: to log out at both at once',
        value: <Copyable text={postLogoutRedirectUri} what="the post-logout redirect URI" />,
      },
    ]}
  />
);

export const Registration = ({ publicUrl, name }: { readonly publicUrl: string; readonly name: string }): ReactNode => (
  <RegistrationOf {...addressesOf(publicUrl, name)} />
);
