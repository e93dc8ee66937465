import type { ReactNode } from 'react';
import { refusalOf } from '../api/refusal.ts';
import { Page, type PageProps } from './page.tsx';
import { Await } from './states.tsx';

export interface ThingPageProps<Data> {
  readonly of: { readonly data: Data | undefined; readonly error: unknown; readonly refetch: () => unknown };
  /** What stands above it until its own name is known. */
  readonly title: string;
  readonly up: NonNullable<PageProps['up']>;
  readonly children: (data: Data) => ReactNode;
}

/** The page of one thing: its own once it was read, and before that, or when it is not there, one that says so. */
export function ThingPage<Data>({ of, title, up, children }: ThingPageProps<Data>): ReactNode {
  if (of.data !== undefined && (of.error === null || refusalOf(of.error).kind === 'offline')) return children(of.data);
  return (
    <Page title={title} up={up}>
      <Await of={of}>{() => null}</Await>
    </Page>
  );
}
