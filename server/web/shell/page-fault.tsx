/** A page that fails takes only itself with it. */
import { Component, type ReactNode } from 'react';
import { Failed } from '../parts/states.tsx';

interface State {
  readonly error: unknown;
}

export class PageFault extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Failed error={this.state.error} onRetry={() => location.reload()} />;
  }
}
