/** What could stand in the fields of a grant: from what there is, found while somebody types. */
import { useEffect, useState } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { Discovery } from '../../../../shared/api/destinations.ts';
import { isDestinationName, parseResourceName, serverResource } from '../../../../shared/resource-name.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';

/** A value as it was when nobody changed it for a moment. Of plain values: another object is another value. */
export function useSettled<Value extends string>(value: Value, milliseconds: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const pause = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(pause);
  }, [value, milliseconds]);
  return settled;
}

const typingMilliseconds = 150;
const offeredOfEach = 8;

/** People by their email, `group:NAME`, `workload:NAME`; one kind alone once its word stands before it. */
export function useSubjectSuggestions(typed: string): readonly string[] {
  const mayView = useMay('view');
  const text = useSettled(typed.trim(), typingMilliseconds);
  const [, kind, rest = text] = /^(group|workload):(.*)$/u.exec(text) ?? [];
  const search = rest.replace(/\p{C}/gu, '').slice(0, 200);
  const query = { limit: offeredOfEach, ...(search === '' ? {} : { search }) };
  const people = useRead(api.users.list, { query }, { enabled: mayView && kind === undefined });
  const groups = useRead(api.groups.list, { query }, { enabled: mayView && kind !== 'workload' });
  const workloads = useRead(api.workloads.list, { query }, { enabled: mayView && kind !== 'group' });
  return [
    ...(kind === undefined ? (people.data?.items ?? []).map(({ email }) => email) : []),
    ...(kind === 'workload' ? [] : (groups.data?.items ?? []).map(({ name }) => `group:${name}`)),
    ...(kind === 'group' ? [] : (workloads.data?.items ?? []).map(({ name }) => `workload:${name}`)),
  ];
}

export interface DiscoveredPlace {
  /** Undefined: there is no such destination, or it is not known yet. */
  readonly name: string | undefined;
  /** Null: its connector has not told yet. */
  readonly discovery: Discovery | null;
}

/** The destination of a resource, with what its connector found there. */
function useDiscovered(resource: string): DiscoveredPlace {
  const name = resource.split('.')[0] ?? '';
  const mayView = useMay('view');
  const enabled = mayView && isDestinationName(name);
  const found = useRead(api.destinations.list, { query: { name, limit: 1 } }, { enabled });
  const destination = enabled ? found.data?.items.find((each) => each.name === name) : undefined;
  return { name: destination?.name, discovery: destination?.discovery ?? null };
}

const offeredPlaces = 200;

/** `infra`, destinations, and the namespaces of the one that is named. */
export function useResourceSuggestions(typed: string): readonly string[] {
  const text = useSettled(typed.trim(), typingMilliseconds);
  const directory = useRead(api.destinations.directory, {});
  const { name, discovery } = useDiscovered(text);
  const namespaces = name === undefined ? [] : (discovery?.namespaces ?? []).map((namespace) => `${name}.${namespace}`);
  const destinations = text.includes('.') ? [] : [serverResource, ...(directory.data?.destinations ?? []).map((each) => each.name).sort()];
  return [...destinations, ...namespaces].filter((each) => each.includes(text)).slice(0, offeredPlaces);
}

const commonRoles = ['view', 'edit', 'admin', 'cluster-admin', 'connect'];

/** What may be granted at a resource. */
export function useRoleSuggestions(typed: string): readonly string[] {
  const text = useSettled(typed.trim(), typingMilliseconds);
  const { discovery } = useDiscovered(text);
  if (text === serverResource) return ['view', 'admin'];
  if (discovery === null) return commonRoles;
  const namespace = parseResourceName(text)?.namespace;
  const inNamespace = namespace === undefined ? [] : discovery.roles.filter((role) => role.startsWith(`${namespace}/`));
  return [
    ...new Set([...commonRoles, ...discovery.clusterRoles, ...inNamespace.map((role) => `role/${role.slice(role.indexOf('/') + 1)}`)]),
  ];
}
