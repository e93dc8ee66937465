/**
 * The join token, as one copyable word: `infra_join_<destination id>.<fingerprint>.<secret>`. It carries what a connector needs to know its
 * server before it says anything: the fingerprint of the infra root.
 */
export interface JoinToken {
  readonly destinationId: string;
  /** 64 hex digits. */
  readonly rootFingerprint: string;
  readonly secret: string;
}

export const formatJoinToken = (token: JoinToken): string => `infra_join_${token.destinationId}.${token.rootFingerprint}.${token.secret}`;

export function parseJoinToken(text: string): JoinToken | undefined {
  const match = /^infra_join_(dst_[0-9a-z]{26})\.([0-9a-f]{64})\.([A-Za-z0-9_-]{43})$/.exec(text.trim());
  const [, destinationId, rootFingerprint, secret] = match ?? [];
  if (destinationId === undefined || rootFingerprint === undefined || secret === undefined) return undefined;
  return { destinationId, rootFingerprint, secret };
}
