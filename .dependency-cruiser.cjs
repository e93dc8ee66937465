// The directions of ARCHITECTURE.md, held by the check script.
const programs = ['server', 'connector', 'cli'];
const onlyFrom = (name, library, doors) => ({
  name,
  severity: 'error',
  comment: `One door: ${library} is imported only by ${doors}`,
  from: { path: '^(shared|server|connector|cli)/', pathNot: doors },
  to: { path: `(^|/)node_modules/(${library})(/|$)` },
});

module.exports = {
  forbidden: [
    { name: 'acyclic', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    ...programs.map((program) => ({
      name: `${program}-imports-itself-and-shared`,
      severity: 'error',
      from: { path: `^${program}/` },
      to: { path: `^(${programs.filter((other) => other !== program).join('|')}|test|scripts)/` },
    })),
    {
      name: 'shared-imports-zod-only',
      severity: 'error',
      from: { path: '^shared/', pathNot: '^shared/node/' },
      to: { pathNot: '^shared/(?!node/)|node_modules/zod/' },
    },
    {
      name: 'shared-node-imports-shared',
      severity: 'error',
      from: { path: '^shared/node/' },
      to: { path: '^(server|connector|cli|test|scripts)/' },
    },
    {
      name: 'rules-are-pure',
      severity: 'error',
      comment: 'Policies and plans import shared/ and other rules, nothing that acts.',
      from: { path: '(-policy|-plan|-rules|effective-access|impersonation)\\.ts$', pathNot: '^(test|scripts)/' },
      to: { pathNot: '^shared/(?!node/)|(-policy|-plan|-rules|effective-access|impersonation)\\.ts$' },
    },
    onlyFrom('door-kysely', 'kysely|better-sqlite3', '^server/storage/|-store\\.ts$'),
    onlyFrom('door-express', 'express', '^server/(app\\.ts|http/)|-routes\\.ts$'),
    onlyFrom('door-client-node', '@kubernetes/client-node', '^connector/reconcile/'),
    onlyFrom('door-x509', '@peculiar/x509', '^server/authority/'),
    onlyFrom('door-openid', 'openid-client|passport', '^server/login/openid-'),
    onlyFrom('door-otpauth', 'otpauth', '^server/login/totp\\.ts$'),
    onlyFrom('door-simplewebauthn', '@simplewebauthn/server', '^server/login/webauthn\\.ts$'),
    onlyFrom('door-uqr', 'uqr', '^(cli/qr-code\\.ts|server/web/parts/qr-code\\.tsx)$'),
    onlyFrom('door-nodemailer', 'nodemailer', '^server/mail/mail-sender\\.ts$'),
    onlyFrom('door-keyring', '@napi-rs/keyring', '^cli/keyring-process\\.ts$'),
    onlyFrom('door-pino', 'pino', '^shared/node/logger\\.ts$'),
    onlyFrom('door-commander', 'commander', '^cli/'),
    onlyFrom('door-ws', 'ws', '^shared/node/web-socket\\.ts$'),
    {
      name: 'features-point-one-way',
      severity: 'error',
      comment: 'audit <- identity <- login <- scim; identity, destinations <- grants <- leases',
      from: { path: '^server/audit/' },
      to: { path: '^server/(identity|login|scim|destinations|grants|leases|authority)/' },
    },
    {
      name: 'identity-below-login',
      severity: 'error',
      from: { path: '^server/identity/' },
      to: { path: '^server/(login|scim|destinations|grants|leases)/' },
    },
    {
      name: 'mail-knows-no-feature',
      severity: 'error',
      from: { path: '^server/mail/' },
      to: { path: '^server/(audit|identity|login|scim|destinations|grants|leases|authority)/' },
    },
    {
      name: 'login-below-leases',
      severity: 'error',
      from: { path: '^server/login/' },
      to: { path: '^server/(scim|destinations|grants|leases)/' },
    },
    {
      name: 'scim-below-nobody',
      severity: 'error',
      from: { path: '^server/scim/' },
      to: { path: '^server/(destinations|grants|leases)/' },
    },
    {
      name: 'destinations-below-grants',
      severity: 'error',
      from: { path: '^server/destinations/' },
      to: { path: '^server/(login|grants|leases)/' },
    },
    {
      name: 'relay-knows-destinations-alone',
      severity: 'error',
      comment: 'It carries what it cannot read for whoever is named: nobody imports it but what composes.',
      from: { path: '^server/relay/' },
      to: { path: '^server/(identity|login|scim|grants|leases|authority)/' },
    },
    {
      name: 'live-events-know-audit-alone',
      severity: 'error',
      comment: 'They say that something changed, by the words of the audit: what it is, nobody needs to teach them.',
      from: { path: '^server/live/' },
      to: { path: '^server/(identity|login|scim|destinations|grants|leases|authority|relay)/' },
    },
    { name: 'grants-below-leases', severity: 'error', from: { path: '^server/grants/' }, to: { path: '^server/(login|leases)/' } },
    {
      name: 'web-knows-shared-alone',
      severity: 'error',
      from: { path: '^server/web/' },
      to: {
        pathNot:
          '^(server/web/|shared/(?!node/))|(^|/)node_modules/(react|react-dom|@types/react|@types/react-dom|@tanstack/react-query|wouter|zod|uqr)/',
      },
    },
    {
      name: 'nobody-imports-the-web',
      severity: 'error',
      from: { path: '^(shared|server|connector|cli)/', pathNot: '^server/web/' },
      to: { path: '^server/web/' },
    },
    {
      name: 'products-import-no-tests',
      severity: 'error',
      from: { path: '^(shared|server|connector|cli)/' },
      to: { path: '^(test|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
