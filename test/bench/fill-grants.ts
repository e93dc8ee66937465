/** People and grants written into a server's database by hand, while it does not run: as many as nobody would wait for over the API. */
import Sqlite from 'better-sqlite3';
import { newId } from '../../shared/id.ts';

export interface GrantsWish {
  readonly destinationId: string;
  readonly people: number;
  readonly rightsOf: (person: number) => readonly { readonly role: string; readonly namespace: string }[];
}

/** The people are person-0@example.com and so on. */
export function fillGrants(databaseFile: string, { destinationId, people, rightsOf }: GrantsWish): void {
  const sqlite = new Sqlite(databaseFile);
  const now = Date.now();
  const at = new Date(now).toISOString();
  const person = sqlite.prepare(
    "INSERT INTO identities (id, kind, name, name_key, status, created_at) VALUES (?, 'user', ?, ?, 'active', ?)",
  );
  const grant = sqlite.prepare(
    "INSERT INTO grants (id, subject_kind, subject_id, role, destination_id, namespace, created_at, created_by) VALUES (?, 'user', ?, ?, ?, ?, ?, 'bench')",
  );
  sqlite.transaction(() => {
    for (let index = 0; index < people; index++) {
      const id = newId('user', now);
      const name = `person-${index}@example.com`;
      person.run(id, name, name, at);
      for (const { role, namespace } of rightsOf(index)) grant.run(newId('grant', now), id, role, destinationId, namespace, at);
    }
  })();
  sqlite.close();
}
