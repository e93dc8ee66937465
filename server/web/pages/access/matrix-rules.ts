/** Grants as a matrix: subjects × resources, within bounds that a page can draw and a person can read. Pure. */
import type { Grant } from '../../../../shared/api/grants.ts';
import type { Subject } from '../../../../shared/api/values.ts';
import { formatSubjectName, serverResource } from '../../../../shared/resource-name.ts';

export interface MatrixBounds {
  readonly subjects: number;
  readonly resources: number;
}

export interface MatrixLine {
  readonly subject: Subject;
  /** One for each resource, in their order. */
  readonly cells: readonly (readonly Grant[])[];
}

export interface Matrix {
  readonly resources: readonly string[];
  readonly lines: readonly MatrixLine[];
  /** How many of the given grants are in it. */
  readonly shown: number;
}

const kindOrder = { group: 0, user: 1, workload: 2 } as const;

const bySubject = (one: Subject, other: Subject): number =>
  kindOrder[one.kind] - kindOrder[other.kind] || formatSubjectName(one).localeCompare(formatSubjectName(other));

/** infra itself first, and a destination before its namespaces. */
const byResource = (one: string, other: string): number =>
  Number(other === serverResource) - Number(one === serverResource) || one.localeCompare(other);

export function matrixOf(grants: readonly Grant[], bounds: MatrixBounds): Matrix {
  const resources = [...new Set(grants.map(({ resource }) => resource))].sort(byResource).slice(0, bounds.resources);
  const column = new Map(resources.map((resource, index) => [resource, index]));
  const inColumns = grants.filter(({ resource }) => column.has(resource));
  const subjects = [...new Map(inColumns.map(({ subject }) => [subject.id, subject])).values()].sort(bySubject).slice(0, bounds.subjects);
  const lines = new Map(subjects.map((subject) => [subject.id, { subject, cells: resources.map((): Grant[] => []) }]));
  let shown = 0;
  for (const grant of inColumns) {
    const cell = lines.get(grant.subject.id)?.cells[column.get(grant.resource) ?? -1];
    if (cell === undefined) continue;
    cell.push(grant);
    shown += 1;
  }
  return { resources, lines: [...lines.values()], shown };
}
