/** An outside judge: scim2-tester reads our discovery documents and tries everything that they promise. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { obtainScimTester } from '../../../scripts/scim/obtain-scim-tester.ts';
import { federationStage, type FederationStage } from '../../security/federation-stage.ts';
import { newScimClient, type ScimClient } from '../../support/scim.ts';

describe('scim2-tester', function () {
  this.timeout(240_000);
  let stage: FederationStage;
  let scim: ScimClient;
  before(async () => {
    stage = await federationStage();
    scim = await newScimClient(stage.server, stage.acme);
  });
  after(async () => stage.stop());

  it('finds nothing wrong', async () => {
    const script = join(import.meta.dirname, 'scim2_tester_run.py');
    const { stdout } = await promisify(execFile)('python3', [script, `${stage.server.url}/scim/v2/acme`, stage.server.caFile], {
      env: {
        PATH: process.env['PATH'],
        PYTHONPATH: await obtainScimTester(() => undefined),
        PYTHONDONTWRITEBYTECODE: '1',
        SCIM_TOKEN: scim.secret,
      },
    });
    const [counts = '', ...faults] = stdout.trim().split('\n');
    expect(faults, stdout).to.deep.equal([]);
    expect(Number(/SUCCESS=(\d+)/.exec(counts)?.[1]), counts).to.be.above(40);
  });
});
