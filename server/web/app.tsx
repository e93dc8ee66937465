import { QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Route, Switch } from 'wouter';
import { queryClient } from './api/query-client.ts';
import { Session } from './api/session.tsx';
import { Announcer } from './parts/announcer.tsx';
import { Shell } from './shell/shell.tsx';
import { SignedInAgain, SignedOutByOneself } from './shell/alone.tsx';

export const App = (): ReactNode => (
  <QueryClientProvider client={queryClient}>
    <Switch>
      <Route path="/signed-in">
        <SignedInAgain />
      </Route>
      <Route path="/signed-out">
        <SignedOutByOneself />
      </Route>
      <Route>
        <Session>
          <Shell />
        </Session>
      </Route>
    </Switch>
    <Announcer />
  </QueryClientProvider>
);
