/** A tenant's people and groups, as Entra's sign-in and the Graph both see them. */
import { randomUUID } from 'node:crypto';

export interface EntraPerson {
  readonly oid: string;
  upn: string;
  /** The attribute `mail`: whoever edits the user object writes it. */
  mail?: string;
  /** Whether the domain of `mail` is one that was proved (`xms_edov`). */
  isMailVerified?: boolean;
  /** Of a guest: the issuer that they really signed in at. */
  home?: string;
  /** Ids of groups they are in directly. */
  groups: string[];
}
export interface EntraGroup {
  readonly id: string;
  displayName: string;
  securityEnabled: boolean;
  /** Ids of groups that this one is in. */
  memberOf: string[];
}

export interface EntraDirectory {
  readonly people: Map<string, EntraPerson>;
  readonly groups: Map<string, EntraGroup>;
  addPerson(person: Partial<EntraPerson> & { readonly upn: string }): EntraPerson;
  addGroup(displayName: string, settings?: Partial<EntraGroup>): EntraGroup;
  transitiveGroups(oid: string): EntraGroup[];
}

export function newEntraDirectory(): EntraDirectory {
  const people = new Map<string, EntraPerson>();
  const groups = new Map<string, EntraGroup>();
  return {
    people,
    groups,
    addPerson: (person) => {
      const added: EntraPerson = { oid: randomUUID(), groups: [], ...person };
      people.set(added.oid, added);
      return added;
    },
    addGroup: (displayName, settings = {}) => {
      const added: EntraGroup = { id: randomUUID(), displayName, securityEnabled: true, memberOf: [], ...settings };
      groups.set(added.id, added);
      return added;
    },
    transitiveGroups: (oid) => {
      const found = new Map<string, EntraGroup>();
      const visit = (id: string): void => {
        const group = groups.get(id);
        if (group === undefined || found.has(id)) return;
        found.set(id, group);
        group.memberOf.forEach(visit);
      };
      people.get(oid)?.groups.forEach(visit);
      return [...found.values()];
    },
  };
}
