/** The links of a chain as they are drawn: who → provider → group → grant → role → place, each with what it asks for. */
import { Children, type ReactNode } from 'react';
import type { Chain } from '../../../../shared/api/explanations.ts';
import type { Subject } from '../../../../shared/api/values.ts';
import { formatSubjectName, serverResource } from '../../../../shared/resource-name.ts';
import type { ChainLink } from '../../parts/chain.tsx';
import { Name } from '../../parts/name.tsx';
import { Sentence } from '../../parts/sentence.tsx';
import { Time } from '../../parts/time.tsx';
import { grantPath, subjectPath } from '../access/grant-words.ts';
import styles from './ask.module.css';

type Condition = Chain['conditions'][number];

const ofSubject: readonly Condition['condition'][] = ['active', 'way-in'];

export function chainLinks(chain: Chain, subject: Subject): readonly ChainLink[] {
  const { group, grant, conditions } = chain;
  const own = conditions.filter(({ condition }) => ofSubject.includes(condition));
  const terms = conditions.filter(({ condition }) => !ofSubject.includes(condition));
  const words = { user: 'person', group: 'group', workload: 'workload' } as const;
  return [
    {
      kind: words[subject.kind],
      name: formatSubjectName(subject),
      href: subjectPath(subject),
      holds: own.every(({ holds }) => holds),
      note: <Notes of={own} />,
    },
    ...(group?.provider === undefined || group.provider === null ? [] : [{ kind: 'provider', name: group.provider }]),
    ...(group === null
      ? []
      : [{ kind: 'group', name: group.name, href: `/groups?${new URLSearchParams({ search: group.name }).toString()}` }]),
    {
      kind: 'grant',
      name: `by ${grant.createdBy}`,
      href: grantPath(grant.id),
      holds: terms.every(({ holds }) => holds),
      note: <GrantNotes chain={chain} terms={terms} />,
    },
    { kind: 'role', name: grant.role, ...(chain.gives === 'all' ? {} : { note: 'gives a part of what is asked' }) },
    placeLink(chain),
  ];
}

/** A grant that its connector could not apply opens nothing there. */
function placeLink({ grant: { resource }, state, clusterGroup }: Chain): ChainLink {
  const group = clusterGroup === null ? null : <Name isWhole>{`seen as ${clusterGroup}`}</Name>;
  const how = state.state === 'failed' ? (state.reason ?? 'its connector could not apply it') : 'not applied yet';
  return {
    kind: 'place',
    name: resource === serverResource ? `${serverResource}, the server itself` : resource,
    holds: state.state !== 'failed',
    note: (
      <Lines>
        {group}
        {state.state === 'applied' ? null : <Sentence>{how}</Sentence>}
      </Lines>
    ),
  };
}

function GrantNotes({ chain: { grant }, terms }: { readonly chain: Chain; readonly terms: readonly Condition[] }): ReactNode {
  return (
    <Lines>
      {grant.until === null ? null : (
        <>
          until <Time at={grant.until} />
        </>
      )}
      <Notes of={terms.filter(({ condition, holds }) => condition !== 'until' || !holds)} />
      {grant.reason === null ? null : <Name isWhole>{grant.reason}</Name>}
      <>
        given <Time at={grant.createdAt} />
      </>
    </Lines>
  );
}

/** Each on a line of its own. */
const Lines = ({ children }: { readonly children: ReactNode }): ReactNode => (
  <span className={styles.lines}>
    {Children.toArray(children).map((line, index) => (
      <span key={index}>{line}</span>
    ))}
  </span>
);

const Notes = ({ of: conditions }: { readonly of: readonly Condition[] }): ReactNode => (
  <Lines>
    {conditions.map(({ condition, detail }) => (
      <Sentence key={condition}>{detail}</Sentence>
    ))}
  </Lines>
);
