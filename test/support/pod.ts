/** A pod of the one image that test clusters have, running a script of its shell. */
type Kubectl = (...args: readonly string[]) => Promise<unknown>;

export interface PodWish {
  readonly namespace: string;
  readonly name: string;
  readonly script: string;
  /** Keeps the script's stdin open for attach. */
  readonly stdin?: true;
}

/** @param kubectl as whoever may create pods there. */
export async function runPod(kubectl: Kubectl, { namespace, name, script, stdin }: PodWish): Promise<void> {
  const image = ['--image=localhost/busybox:1', '--image-pull-policy=Never', '--restart=Never'];
  // So that the end of a test does not wait for a shell that ignores SIGTERM.
  const grace = ['--override-type=merge', '--overrides={"spec":{"terminationGracePeriodSeconds":0}}'];
  const open = stdin === undefined ? [] : ['--stdin', '--leave-stdin-open=true'];
  await kubectl('-n', namespace, 'run', name, ...image, ...grace, ...open, '--attach=false', '--command', '--', 'sh', '-c', script);
  await kubectl('-n', namespace, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=25s');
}
