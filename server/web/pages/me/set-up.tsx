/** From nothing to a working kubectl, on the reader's own system. */
import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import { useRead } from '../../api/reads.ts';
import { Command, shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { SelectField } from '../../parts/form.tsx';
import { Section } from '../../parts/page.tsx';
import { Await } from '../../parts/states.tsx';
import styles from './me.module.css';

const systems = [
  { value: 'linux', text: 'Linux' },
  { value: 'macos', text: 'macOS' },
  { value: 'windows', text: 'Windows' },
] as const;
type System = (typeof systems)[number]['value'];

function systemOf(userAgent: string): System {
  if (/Windows/.test(userAgent)) return 'windows';
  return /Mac OS X|Macintosh|iPhone|iPad/.test(userAgent) ? 'macos' : 'linux';
}

/** What is different from one system to the next. */
const differences: Readonly<
  Record<System, { readonly completion: string | undefined; readonly kubeconfig: string; readonly home: string }>
> = {
  linux: {
    completion: `echo 'source <(infra completion bash)' >> ~/.bashrc`,
    kubeconfig: '~/.kube/config',
    home: '~/.config/infra',
  },
  macos: {
    completion: `echo 'source <(infra completion zsh)' >> ~/.zshrc`,
    kubeconfig: '~/.kube/config',
    home: '~/.config/infra',
  },
  windows: { completion: undefined, kubeconfig: '%USERPROFILE%\\.kube\\config', home: '%APPDATA%\\infra' },
};

export function SetUp(): ReactNode {
  const [system, setSystem] = useState<System>(() => systemOf(navigator.userAgent));
  const server = useRead(api.server.info, {});
  const { completion, kubeconfig, home } = differences[system];
  return (
    <Section title="Set up infra on your machine" intro="Once for each machine. Your key is made there and never leaves it.">
      <div className={styles.system}>
        <SelectField label="Your system" value={system} choices={systems} onChange={setSystem} />
      </div>
      <Await of={server}>
        {({ publicUrl, rootFingerprint }) => (
          <ol className={styles.steps}>
            <li>
              <h3>Log in</h3>
              <Command text={`infra login ${shellWord(publicUrl)}`} label="In a terminal" />
              <p>
                It shows the fingerprint of this server’s authority the first time. It must be{' '}
                <Copyable text={rootFingerprint} what="the fingerprint" />
              </p>
            </li>
            <li>
              <h3>Use kubectl as always</h3>
              <p>
                Contexts <code>infra:NAME</code> stand in <code>{kubeconfig}</code> from then on; whatever else is there stays as it is.
                infra keeps its own files in <code>{home}</code>.
              </p>
            </li>
            {completion !== undefined && (
              <li>
                <h3>Have the shell complete commands</h3>
                <Command text={completion} />
              </li>
            )}
          </ol>
        )}
      </Await>
    </Section>
  );
}
