/** The gate before inputs that nobody thought of. `npm run soak -- gate-fuzz` tries for minutes. */
import { gateProperties } from './gate-fuzz/properties.ts';

describe('connector rule: the gate, for every input', function () {
  this.timeout(60_000);
  for (const property of gateProperties) it(property.title, async () => property.check(2000));
});
