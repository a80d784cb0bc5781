/** Who acts. */
export type PrincipalKind = "user" | "group" | "service-principal" | "worker";

export interface Principal {
  principalId: string;
  kind: PrincipalKind;
  name: string;
  roles: string[];
  enabled: boolean;
  createdAt: number;
}

/** The principal that a token speaks for. */
export interface TokenHolder {
  tokenId: string;
  principalId: string;
  kind: PrincipalKind;
  name: string;
  roles: string[];
  /** What the token was made for, such as `admin` or `worker`. */
  purpose: string;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

/** A token as the store keeps it: only its SHA-256, never the token. */
export interface NewToken {
  hash: Uint8Array;
  purpose: string;
  /** Null means that it does not end by itself. */
  expiresAt: number | null;
}

export interface AccessReads {
  /** The holder of the token with this hash; null when there is none, it has expired, or its principal is disabled. */
  tokenHolder(of: { hash: Uint8Array }): TokenHolder | null;
  principal(of: { principalId: string }): Principal | null;
  /** The name counts without regard to case. */
  principalByName(of: { kind: PrincipalKind; name: string }): Principal | null;
}

export interface AccessWrites {
  /**
   * Creates a principal, and its first token where one is given.
   * @throws UserError `principal-exists` (409).
   */
  createPrincipal(principal: { kind: PrincipalKind; name: string; roles: string[]; token?: NewToken }): {
    principalId: string;
    tokenId: string | null;
  };

  /**
   * Changes roles, or switches a principal on or off.
   * @throws UserError `principal-not-found` (404).
   */
  changePrincipal(change: { principalId: string; roles?: string[]; enabled?: boolean }): Principal;

  /** Deletes a principal and its tokens; says whether it was there. A worker's principal goes with `removeWorker`. */
  deletePrincipal(of: { principalId: string }): boolean;

  /**
   * Adds a token; with `replace`, every other token of the principal with the same purpose is revoked in the same transaction.
   * @throws UserError `principal-not-found` (404).
   */
  createToken(token: NewToken & { principalId: string; replace?: boolean }): { tokenId: string };

  /** Revokes all tokens of a principal, or those made for one purpose; gives their number. */
  revokeTokens(of: { principalId: string; purpose?: string }): number;

  /** Notes when tokens were used last; tokens that are gone are passed over. Meant to be called now and then, not per request. */
  markTokensUsed(of: { tokens: { tokenId: string; usedAt: number }[] }): void;

  /** Deletes at most `limit` tokens that ended before now; gives their number. */
  purgeExpiredTokens(of: { limit: number }): number;
}
