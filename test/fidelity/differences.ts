/**
 * Everything that may differ between a cluster reached straight and through infra. Both outcomes have exactly these replaced before they are
 * compared; all else must be the same to the byte.
 */

/** What the two ways do not share. */
export interface WayNames {
  readonly namespace: string;
  /** https://host:port of the kubeconfig. */
  readonly server: string;
  readonly folder: string;
}

type Replace = (text: string, names: WayNames) => string;

interface Difference {
  readonly reason: string;
  readonly replace: Replace;
}

/** Differences that infra makes and that are meant, each only for the rows that name it. */
export const documented = {
  server: {
    reason: 'kubectl speaks to the connector, and names the server it speaks to',
    replace: (text, { server }) => text.replaceAll(server, 'SERVER'),
  },
} as const satisfies Record<string, Difference>;

export type DocumentedDifference = keyof typeof documented;

/** Differences between any two runs of the same command, infra or not. */
const betweenRuns: readonly Difference[] = [
  { reason: 'each way writes in a namespace of its own', replace: (text, { namespace }) => text.replaceAll(namespace, 'NAMESPACE') },
  { reason: 'each way has a folder of its own', replace: (text, { folder }) => text.replaceAll(folder, 'FOLDER') },
  { reason: 'uids are random', replace: pattern(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g, 'UID') },
  { reason: 'containerd numbers what it runs', replace: pattern(/\bexec \\?"[0-9a-f]{64}\\?"/g, 'exec ID') },
  {
    reason: 'kubectl before 1.34 may hear containerd before it listens: of its first message, which is empty, it says that it discards it',
    replace: pattern(/^E\d{4} [\d:.]+ +\d+ websocket\.go:\d+\] Unknown stream id \d+, discarding message\n/gm, ''),
  },
  { reason: 'kubectl draws names of temporary files', replace: pattern(/\b(LIVE|MERGED|kubectl-edit)-\d+\b/g, '$1-RANDOM') },
  { reason: 'every write has a revision of its own', replace: pattern(/\b(resourceVersion"?: ?"|Resource Version: +)\d+/g, '$1REVISION') },
  { reason: 'field managers are ordered by the second of their last write', replace: withSortedManagers },
  {
    reason: 'a controller that is slow is waited for aloud',
    replace: pattern(/^Waiting for deployment spec update to be observed\.\.\.\n/gm, ''),
  },
  { reason: 'times', replace: pattern(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME') },
  { reason: 'times, as described', replace: pattern(/\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME') },
  { reason: 'times, as helm tells them', replace: pattern(/\b\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\b/g, 'TIME') },
  { reason: 'times of files', replace: pattern(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}/g, 'TIME') },
  { reason: 'ages', replace: pattern(/(?<![\w.-])(?:\d+(?:\.\d+)?(?:ms|[dhms]))+(?![\w.-])/g, 'AGE') },
  { reason: 'addresses are handed out in turn', replace: pattern(/\b10(?:\.\d{1,3}){3}\b/g, 'ADDRESS') },
  { reason: 'node ports are drawn', replace: pattern(/\b(nodePort: |\d+:)3[0-2]\d{3}\b/g, '$1PORT') },
  { reason: 'names made of generateName', replace: pattern(/(?<=[a-z0-9]-)[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, 'RANDOM') },
  { reason: 'columns are as wide as what stands in them', replace: pattern(/(?<=\S) {2,}(?=\S)/g, '  ') },
  { reason: 'the last column, and each of those between tabs, is filled up to its width', replace: pattern(/ +(?=\t|$)/gm, '') },
];

function pattern(expression: RegExp, replacement: string): Replace {
  return (text) => text.replace(expression, replacement);
}

/** Of objects in YAML: the items of each `managedFields`, which stand no deeper than their key. */
function withSortedManagers(text: string): string {
  return text.replace(/^( *)managedFields:\n((?:\1- .*\n|\1  .*\n)+)/gm, (_whole, indent: string, list: string) => {
    const items = list.split(new RegExp(`^(?=${indent}- )`, 'm'));
    const timeless = (item: string): string => item.replace(/^ *time: .*$/m, '');
    return `${indent}managedFields:\n${items.sort((one, other) => timeless(one).localeCompare(timeless(other))).join('')}`;
  });
}

export function withoutDifferences(text: string, names: WayNames, also?: DocumentedDifference): string {
  const replacing: readonly Difference[] = also === undefined ? betweenRuns : [documented[also], ...betweenRuns];
  return replacing.reduce((left, { replace }) => replace(left, names), text);
}
