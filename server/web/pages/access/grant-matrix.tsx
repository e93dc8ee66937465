/** Who may do what where, at one glance: subjects × resources, each cell with the roles that are granted there. */
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { Link } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import type { Grant } from '../../../../shared/api/grants.ts';
import { formatSubjectName } from '../../../../shared/resource-name.ts';
import { useRead } from '../../api/reads.ts';
import { Badge } from '../../parts/badge.tsx';
import { Name } from '../../parts/name.tsx';
import { Await } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import type { GrantQuery } from './grant-filter.ts';
import { grantPath, subjectPath } from './grant-words.ts';
import { matrixOf, type Matrix, type MatrixLine } from './matrix-rules.ts';
import styles from './matrix.module.css';

const mostGrants = 500;
const bounds = { subjects: 150, resources: 40 } as const;

export function GrantMatrix({ query, empty }: { readonly query: GrantQuery; readonly empty: ReactNode }): ReactNode {
  const found = useRead(api.grants.list, { query: { ...query, limit: mostGrants } });
  return (
    <Await of={found}>
      {({ items, nextCursor }) => {
        if (items.length === 0) return empty;
        const matrix = matrixOf(items, bounds);
        const isCut = nextCursor !== null || matrix.shown < items.length;
        return (
          <div className={styles.matrix}>
            <p role="status" className={styles.says}>
              {isCut
                ? `The first ${counted(matrix.shown, 'grant')} that were found: narrow them to see the others.`
                : `${counted(matrix.shown, 'grant')}: ${counted(matrix.lines.length, 'subject')} on ${counted(matrix.resources.length, 'resource')}.`}
            </p>
            <Table of={matrix} />
          </div>
        );
      }}
    </Await>
  );
}

const steps: Readonly<Record<string, readonly [line: number, column: number]>> = {
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
};

function Table({ of: { resources, lines } }: { readonly of: Matrix }): ReactNode {
  const table = useRef<HTMLTableElement>(null);
  /** Arrows go to the next cell in their direction that has something in it. */
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = steps[event.key];
    const cell = event.target instanceof Element ? event.target.closest('td') : null;
    if (step === undefined || cell === null || table.current === null) return;
    const next = nextFilled(table.current, cell, step);
    if (next === null) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <div className={styles.scroll} role="region" aria-label="Matrix of grants" tabIndex={0}>
      <table ref={table} className={styles.table} onKeyDown={onKeyDown}>
        <caption className={styles.hidden}>Subjects in rows, resources in columns, granted roles in the cells</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.corner}>
              Who
            </th>
            {resources.map((resource) => (
              <th key={resource} scope="col" className={styles.resource}>
                <Name>{resource}</Name>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Line key={line.subject.id} of={line} resources={resources} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function nextFilled(
  table: HTMLTableElement,
  from: HTMLTableCellElement,
  [down, right]: readonly [line: number, column: number],
): HTMLElement | null {
  const line = from.closest('tr')?.rowIndex ?? 0;
  for (let distance = 1; distance < table.rows.length + (table.rows[0]?.cells.length ?? 0); distance += 1) {
    const cell = table.rows[line + down * distance]?.cells[from.cellIndex + right * distance];
    if (cell === undefined) return null;
    const link = cell.tagName === 'TD' ? cell.querySelector('a') : null;
    if (link !== null) return link;
  }
  return null;
}

const Line = ({ of: { subject, cells }, resources }: { readonly of: MatrixLine; readonly resources: readonly string[] }): ReactNode => (
  <tr>
    <th scope="row" className={styles.subject}>
      <Link href={subjectPath(subject)}>
        <Name>{formatSubjectName(subject)}</Name>
      </Link>
    </th>
    {cells.map((grants, index) => (
      <td key={resources[index]} className={styles.cell}>
        {grants.length > 0 && (
          <ul className={styles.roles}>
            {grants.map((grant) => (
              <Role key={grant.id} of={grant} />
            ))}
          </ul>
        )}
      </td>
    ))}
  </tr>
);

const Role = ({ of: { id, role, until, mfaSeconds, state } }: { readonly of: Grant }): ReactNode => (
  <li className={styles.role}>
    <Link href={grantPath(id)}>
      <Name>{role}</Name>
    </Link>
    {state.state === 'failed' && <Badge tone="alarm">failed</Badge>}
    {state.state === 'pending' && <Badge tone="warn">pending</Badge>}
    {until !== null && (
      <span className={styles.quiet}>
        ends <Time at={until} />
      </span>
    )}
    {mfaSeconds !== null && <span className={styles.quiet}>asks for a second factor</span>}
  </li>
);
