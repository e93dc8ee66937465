/** Who a connection is: certificates that infra did not issue, not for this, or not for now. */
import { newId } from '../../shared/id.ts';
import { serverAuth, type CertificateWish } from '../connector/fake-authority.ts';
import { trustDomain, type Credential } from '../connector/fake-server.ts';
import { forge, type Forgery } from '../security/look-alike-authority.ts';
import { brokenIf, cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { requestOf, type Shown, type Stage } from './stage.ts';

const cut = cutIn('proxy/peer-certificate.js');
const admission = cutIn('proxy/admission.js');

const showing = (make: (stage: Stage, genuine: Credential) => Promise<Shown>): Attack => ({
  on: async (stage) => {
    const shown = await make(stage, await stage.person());
    return brokenIf((await stage.attempt(shown, requestOf('GET /api/v1/MARKER'))) !== undefined);
  },
});

/** From the genuine authority, with something about it changed. */
const issued = (change: (stage: Stage, genuine: Credential) => CertificateWish): Attack =>
  showing(async (stage, genuine) => {
    const { server } = stage;
    const names = [{ type: 'url', value: server.spiffeId(genuine.identityId, genuine.leaseId) }] as const;
    return server.authority.issue({ subject: `CN=${genuine.identityId}`, names: [...names], ...change(stage, genuine) });
  });

const named = (name: (stage: Stage, genuine: Credential) => string): Attack =>
  issued((stage, genuine) => ({ names: [{ type: 'url', value: name(stage, genuine) }] }));

const forged = (forgery: (client: { readonly chain: string; readonly key: string }) => Forgery): Attack =>
  showing(async (stage, { chain, keyPem }) => {
    const genuine = { chain, key: keyPem };
    const made = await forge(genuine, stage.server.authority.rootPem, forgery(genuine));
    return { chain: made.chain, keyPem: made.key };
  });

/** A lease that nobody knows counts as one that is alive. */
const unknownLease = cutIn('proxy/access-rules.js')(
  'const { lease, rights, identityId, now } = question;\n    if (lease?.identityId',
  "const { rights, identityId, now } = question; const lease = question.lease ?? { identityId, status: 'active', sessionExpiresAt: '2100-01-01T00:00:00Z' };\n    if (lease?.identityId",
);

const defences: readonly Defence[] = [
  {
    name: 'the certificate leads to the root of this infra',
    row: 10,
    cut: cut('pathToRoot(leaf, [...presented, ...expected.intermediates], expected.roots);', '[leaf];'),
    attack: forged(() => ({})),
  },
  {
    name: 'signatures are verified',
    row: 10,
    cut: cut('return subject.verify(issuer.publicKey);', 'return true;'),
    attack: forged(() => ({ chain: 'genuine' })),
  },
  {
    name: 'only an authority issues',
    row: 10,
    cut: cut('certificate.ca && issued', 'issued'),
    attack: forged((genuine) => ({ signedBy: genuine })),
  },
  { name: 'an authority is no client', row: 10, cut: cut('if (leaf.ca)', 'if (false)'), attack: issued(() => ({ ca: true })) },
  {
    name: 'the certificate is for clients alone',
    row: 10,
    cut: cut('if (usages?.length !== 1 || usages[0] !== clientAuth)', 'if (false)'),
    attack: issued(() => ({ usages: [serverAuth] })),
  },
  {
    name: 'the certificate is for this destination',
    row: 5,
    cut: cut('if (destination !== expected.destinationId)', 'if (false)'),
    attack: named(({ server }, { identityId, leaseId }) => server.spiffeId(identityId, leaseId, newId('destination', Date.now()))),
  },
  {
    name: 'the certificate is of this trust domain',
    row: 5,
    cut: cut('spiffe://${expected.trustDomain}/', "spiffe://${/spiffe:\\/\\/([^/]*)/.exec(leaf.subjectAltName ?? '')?.[1]}/"),
    attack: named(({ server }, { identityId, leaseId }) => server.spiffeId(identityId, leaseId).replace(trustDomain, 'evil.test')),
  },
  {
    name: 'subject and name are the same identity',
    row: 10,
    cut: cut('if (leaf.subject !== `CN=${identity}`)', 'if (false)'),
    attack: issued((_, { identityId }) => ({ subject: `CN=${identityId}, O=system:masters` })),
  },
  {
    name: 'there is one name, of exactly our form',
    row: 10,
    cut: cut('!identityId.test(identity) || !leaseId.test(lease)', 'false'),
    behind: [unknownLease],
    attack: issued(({ server }, { identityId, leaseId }) => ({
      names: [
        { type: 'url', value: server.spiffeId(identityId, leaseId) },
        { type: 'dns', value: 'localhost' },
      ],
    })),
  },
  {
    name: 'the lease is one that the server knows',
    row: 11,
    cut: unknownLease,
    attack: named(({ server }, { identityId }) => server.spiffeId(identityId, newId('lease', Date.now()))),
  },
  {
    name: "the lease is the identity's own",
    row: 11,
    cut: cutIn('proxy/access-rules.js')('if (lease?.identityId !== identityId)', 'if (lease === undefined)'),
    attack: showing(async ({ server, person }, { leaseId }) => {
      const { identityId } = await person();
      const names = [{ type: 'url', value: server.spiffeId(identityId, leaseId) }] as const;
      return server.authority.issue({ subject: `CN=${identityId}`, names: [...names] });
    }),
  },
  {
    name: 'the certificate has not ended',
    row: 13,
    cut: admission('if (now >= peer.notAfter)', 'if (false)'),
    attack: showing(async ({ server }, { identityId }) => server.issue(identityId, { lifetime: -1000 })),
  },
  {
    name: 'the certificate has begun',
    row: 13,
    cut: admission('if (now < peer.notBefore)', 'if (false)'),
    attack: showing(async ({ server }, { identityId }) => server.issue(identityId, { notBefore: Date.now() + 600_000 })),
  },
];

describeDefences('certificates', defences);
