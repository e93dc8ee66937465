/** The tables as rows: columns are text, integer or null; times are ISO 8601 text, structures JSON text. Stores map them to product words. */

export interface Database {
  settings: { key: string; value: string };
  /** One row, id 1: its lock orders commits, so revisions appear in order. */
  feed: { id: number; epoch: string; revision: number; floor: number };
  changes: { revision: number; at: string; actor_id: string | null };
  outbox: { revision: number; position: number; destination_id: string; kind: string; subject_id: string };

  identities: {
    id: string;
    kind: string;
    name: string;
    name_key: string;
    status: string;
    created_at: string;
    last_login_at: string | null;
  };
  passwords: { identity_id: string; hash: string; state: string; changed_at: string; expires_at: string | null };
  /** `state` pending: begun in `session_id`, instead of `replaces_id`, until `expires_at`; active: asked for. `last_step`: of the newest code that was taken. */
  second_factors: {
    id: string;
    identity_id: string;
    kind: string;
    state: string;
    sealed_secret: string;
    session_id: string;
    replaces_id: string | null;
    created_at: string;
    expires_at: string;
    confirmed_at: string | null;
    last_step: number | null;
    last_used_at: string | null;
    /** What its owner calls it. */
    name: string | null;
  };
  /** Of a second factor that is one. Its public key is that factor's sealed secret; 0 and 1 for no and yes. */
  passkeys: {
    factor_id: string;
    credential_id: string;
    sign_count: number;
    backup_eligible: number;
    backed_up: number;
    /** Separated by spaces. */
    transports: string;
    /** Whether its device offers it without being told an account; null: it has not said. */
    discoverable: number | null;
    /** 0 from the end of all sessions of its owner until it was used beside something else. */
    trusted_alone: number;
  };
  /** One ceremony with a passkey in the browser. `proof_hash`: of what its session may use in place of a code, once it is done. */
  passkey_links: {
    id: string;
    token_hash: string;
    proof_hash: string | null;
    /** A `LinkTask` as JSON. */
    task: string;
    identity_id: string;
    session_id: string;
    challenge: string | null;
    /** The factor that was proven. */
    factor_id: string | null;
    /** The new passkey, until it is confirmed. */
    sealed_credential: string | null;
    created_at: string;
    expires_at: string;
    done_at: string | null;
    used_at: string | null;
  };
  recovery_codes: { identity_id: string; code_hash: string; used_at: string | null };
  groups: { id: string; provider: string; name: string; created_at: string };
  group_members: { group_id: string; identity_id: string };

  sessions: {
    id: string;
    secret_hash: string;
    identity_id: string;
    method: string;
    access_key_id: string | null;
    created_at: string;
    expires_at: string;
    idle_seconds: number | null;
    last_used_at: string;
    ended_at: string | null;
    ended_because: string | null;
    source_address: string;
    user_agent: string;
    /** The account at an identity provider that it came from. */
    account_id: string | null;
    /** When a second factor was last proven in it. */
    mfa_at: string | null;
    /** The trust rule by which a workload's token opened it. */
    trust_rule_id: string | null;
    client: string;
  };
  /** Whose tokens open sessions of which workload. `claims`: JSON object. */
  trust_rules: {
    id: string;
    workload_id: string;
    issuer: string;
    audience: string;
    claims: string;
    jwks: string | null;
    ca: string | null;
    session_seconds: number;
    reusable: number;
    created_at: string;
    created_by: string;
    last_used_at: string | null;
  };
  /** Workloads' tokens that count once and were used, by the hash of what was signed. */
  used_workload_tokens: { token_hash: string; expires_at: string };
  access_keys: {
    id: string;
    secret_hash: string;
    identity_id: string;
    name: string;
    created_at: string;
    created_by: string;
    expires_at: string;
    idle_seconds: number | null;
    last_used_at: string | null;
  };
  /** One-use secrets: set-up links, password changes, second factors of a login, join tokens. `bound_to`: the key that used it first, or the one login in the browser it is for. */
  tokens: {
    id: string;
    kind: string;
    secret_hash: string;
    subject_id: string | null;
    created_at: string;
    expires_at: string;
    used_at: string | null;
    bound_to: string | null;
  };
  identity_providers: {
    id: string;
    name: string;
    kind: string;
    issuer: string;
    client_id: string;
    sealed_client_secret: string;
    email_domains: string;
    scopes: string;
    groups_claim: string | null;
    directory: string | null;
    sealed_service_account_key: string | null;
    create_users: number;
    link_users: number;
    trust_mfa: number;
    sync_minutes: number | null;
    status: string;
    created_at: string;
    updated_at: string;
    /** Public JWK; null: we are known by a shared secret. */
    client_key: string | null;
  };
  /** A person at a provider: found by (provider, subject), bound to one user. */
  accounts: {
    id: string;
    provider_id: string;
    subject: string;
    identity_id: string;
    email: string;
    state: string;
    /** How many groups the last login named; null: the claim was not there. */
    groups_read: number | null;
    /** When the provider last told them. */
    groups_at: string | null;
    claims: string | null;
    created_at: string;
    last_login_at: string;
  };
  /** A person as a provider's directory gave them, by SCIM; gone with the user or the provider. */
  provisioned_users: {
    provider_id: string;
    identity_id: string;
    user_name: string;
    user_name_key: string;
    /** The address that a login is known by, in the form it is compared by. */
    email: string;
    email_key: string;
    external_id: string | null;
    active: number;
    /** What else is kept of the person, JSON. */
    attributes: string;
    version: number;
    created_at: string;
    updated_at: string;
  };
  /** A provider's group that its directory speaks for; gone with the group or the provider. */
  provisioned_groups: {
    group_id: string;
    provider_id: string;
    external_id: string | null;
    version: number;
    created_at: string;
    updated_at: string;
  };
  scim_tokens: {
    id: string;
    secret_hash: string;
    provider_id: string;
    created_at: string;
    created_by: string;
    expires_at: string;
    last_used_at: string | null;
  };
  /** By what a provider's directory knows a group, whatever it is called there. `named_at`: when its name was last asked for. */
  directory_groups: { group_id: string; provider_id: string; directory_id: string; named_at: string | null };
  /** One login in the browser, from its link to the exchange of its code. Secrets by their hash, or sealed where we need them again. */
  browser_logins: {
    id: string;
    state_hash: string;
    browser_hash: string;
    /** A `LoginPurpose` as JSON. */
    purpose: string;
    /** Null: our own pages ask. */
    provider_id: string | null;
    sealed_checks: string | null;
    created_at: string;
    expires_at: string;
    returned_at: string | null;
    code_hash: string | null;
    code_expires_at: string | null;
    exchanged_at: string | null;
    /** Who arrived: of a provider, with what it calls this login, until it is a session. */
    account_id: string | null;
    sealed_origin: string | null;
    /** Or of our own. */
    identity_id: string | null;
    mfa_at: string | null;
    /** The passkey that was all of it: its second factor. */
    passkey_id: string | null;
  };
  /** One login by a code (RFC 8628). Secrets by their hash. */
  device_logins: {
    id: string;
    device_code_hash: string;
    user_code_hash: string;
    challenge: string;
    host: string | null;
    source_address: string;
    user_agent: string;
    created_at: string;
    expires_at: string;
    interval_seconds: number;
    polled_at: string | null;
    state: 'waiting' | 'approved' | 'denied' | 'over';
    /** Of the browser in which the code was typed last. */
    browser_hash: string | null;
    /** Once it is approved: by whom, and until when that holds. */
    browser_login_id: string | null;
  };
  provider_login_tests: {
    id: string;
    ticket_hash: string;
    provider_id: string;
    /** Who gets to see what comes of it. */
    begun_by: string;
    session_id: string;
    created_at: string;
    expires_at: string;
    used_at: string | null;
    /** A `LoginTestResult` as JSON. */
    result: string | null;
  };
  provider_sessions: {
    session_id: string;
    provider_id: string;
    subject: string;
    sid: string | null;
    issued_at: number;
    sealed_id_token: string;
  };
  refresh_tokens: {
    account_id: string;
    provider_id: string;
    sealed_token: string;
    due_at: string;
    claimed_until: string | null;
    failures: number;
    last_failure: string | null;
  };
  login_attempts: { bucket: string; failures: number; window_started_at: string };
  /** One of `email` and `identity_id`. */
  outgoing_mails: {
    id: string;
    kind: string;
    email: string | null;
    identity_id: string | null;
    attempts: number;
    due_at: string;
    created_at: string;
  };

  destinations: {
    id: string;
    name: string;
    /** The name while it lives, the id once removed: unique, so a name is free again without losing the record. */
    live_name: string;
    kind: string;
    address: string | null;
    created_at: string;
    removed_at: string | null;
    lease_ttl_seconds: number | null;
    staleness_limit_seconds: number;
    audit_mode: string;
    user_prefix: string;
    cluster_uid: string | null;
    discovery: string | null;
  };
  connectors: {
    id: string;
    destination_id: string;
    public_key: string;
    key_thumbprint: string;
    version: string;
    enrolled_at: string;
    removed_at: string | null;
    last_seen_at: string | null;
    report_sequence: number;
    report_replica: string | null;
  };
  acknowledgements: {
    connector_id: string;
    replica: string;
    kind: string;
    revision: number;
    epoch: string;
    sequence: number;
    at: string;
    streams_closed: number;
  };

  grants: {
    id: string;
    subject_kind: string;
    subject_id: string;
    role: string;
    destination_id: string | null;
    namespace: string | null;
    until: string | null;
    reason: string | null;
    created_at: string;
    created_by: string;
    ended_at: string | null;
    ended_because: string | null;
    mfa_seconds: number | null;
  };
  grant_states: { grant_id: string; connector_id: string; state: string; reason: string | null; at: string };

  leases: {
    id: string;
    kind: string;
    state: string;
    identity_id: string;
    session_id: string;
    destination_id: string;
    serial: string;
    issued_at: string;
    expires_at: string;
    session_expires_at: string;
    revoked_at: string | null;
    revoked_because: string | null;
  };

  audit_events: {
    id: string;
    at: string;
    event: string;
    actor_id: string | null;
    actor_name: string;
    destination_id: string | null;
    outcome: string;
    body: string;
    /** Of requests. */
    verb: string | null;
    path: string | null;
  };

  authorities: {
    id: string;
    kind: string;
    state: string;
    certificate: string;
    sealed_key: string | null;
    created_at: string;
    not_after: string;
  };
  data_keys: { id: string; wrapped_key: string; created_at: string };
}
