import { useState, type ReactNode } from 'react';
import { Button, type ButtonLook } from './button.tsx';
import { Dialog } from './dialog.tsx';

export interface DialogButtonProps extends ButtonLook {
  /** On the button, and above what opens. */
  readonly title: string;
  readonly children: (close: () => void) => ReactNode;
}

/** Opens a dialog, anew each time: what was typed and given up is forgotten. */
export function DialogButton({ title, kind = 'plain', children }: DialogButtonProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const close = (): void => setOpen(false);
  return (
    <>
      <Button kind={kind} onClick={() => setOpen(true)}>
        {title}
      </Button>
      {isOpen && (
        <Dialog title={title} onClose={close}>
          {children(close)}
        </Dialog>
      )}
    </>
  );
}
