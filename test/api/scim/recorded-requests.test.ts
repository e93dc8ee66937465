/** What Okta and Entra send, in the shapes of their documentation (test/corpus/scim/), and what they have to see. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { federationStage, type FederationStage } from '../../security/federation-stage.ts';
import { newScimClient, type ScimClient } from '../../support/scim.ts';

interface Recorded {
  readonly does: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  /** The name of the answer's id in what follows. */
  readonly keep?: string;
  /** By the way to it; null: nothing is there. */
  readonly shows?: Readonly<Record<string, unknown>>;
}

for (const directory of ['okta', 'entra']) {
  describe(`SCIM as ${directory} speaks it`, function () {
    this.timeout(60_000);
    let stage: FederationStage;
    let scim: ScimClient;
    const ids = new Map<string, string>();
    before(async () => {
      stage = await federationStage();
      scim = await newScimClient(stage.server, stage.acme);
    });
    after(async () => stage.stop());

    const withIds = (text: string): string => text.replace(/\{(\w+)\}/g, (whole, name: string) => ids.get(name) ?? whole);
    // Written by us, beside this.
    const recorded = JSON.parse(readFileSync(join(import.meta.dirname, '../../corpus/scim', `${directory}.json`), 'utf8')) as Recorded[];
    for (const { does, method, path, body, status, keep, shows = {} } of recorded)
      it(does, async () => {
        const sent = body === undefined ? {} : { body: withIds(JSON.stringify(body)) };
        const answer = await scim.send(method, withIds(path), sent);
        expect(answer.status, JSON.stringify(answer.body)).to.equal(status);
        if (keep !== undefined) ids.set(keep, answer.body.id);
        for (const [way, value] of Object.entries(shows))
          expect(at(answer.body, way) ?? null, `${way} of ${JSON.stringify(answer.body)}`).to.equal(
            typeof value === 'string' ? withIds(value) : value,
          );
      });
  });
}

const at = (value: unknown, way: string): unknown =>
  way.split('.').reduce<unknown>((inside, key) => (inside as Record<string, unknown> | undefined)?.[key], value);
