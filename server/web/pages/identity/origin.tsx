import type { ReactNode } from 'react';
import { Name } from '../../parts/name.tsx';
import { useGroupOrigin } from './providers.ts';

/** Where a group comes from: made here, told by logins at a provider, or pushed by its directory. */
export function Origin({ provider }: { readonly provider: string | null }): ReactNode {
  const origin = useGroupOrigin(provider);
  if (provider === null) return 'local';
  return (
    <>
      <Name>{provider}</Name>
      {origin !== undefined && `, ${origin}`}
    </>
  );
}
