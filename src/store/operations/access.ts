import type { HeldRight } from "./rights.ts";

/** Who acts. */
export type PrincipalKind = "user" | "group" | "service-principal" | "worker";

export interface Principal {
  principalId: string;
  kind: PrincipalKind;
  name: string;
  roles: string[];
  enabled: boolean;
  description: string;
  /** Of users; null for others, and for users that have none of it. */
  user: UserDetails | null;
  createdAt: number;
  /** Null where nothing was changed since it was made. */
  modifiedAt: number | null;
  modifiedBy: string | null;
  /** Grows by one with each change. */
  revision: number;
}

/** What users have beside what every principal has. */
export interface UserDetails {
  displayName: string;
  email: string | null;
  hasPassword: boolean;
  mustChangePassword: boolean;
  passwordChangedAt: number | null;
  signedInAt: number | null;
}

/** What is set of a user; what is left out stays, or is as of a new one. */
export interface UserSettings {
  displayName?: string;
  email?: string | null;
  /** In the PHC string format; null takes the password away. */
  passwordHash?: string | null;
  mustChangePassword?: boolean;
}

/** A principal as those need it who decide what it may do. */
export interface ActingPrincipal {
  principalId: string;
  kind: PrincipalKind;
  name: string;
  /** Its own and those of its groups. */
  roles: string[];
  /** The groups that it belongs to and that are enabled. */
  groupIds: string[];
  /** What it and its groups were given. */
  rights: HeldRight[];
}

/** The principal that a token speaks for. */
export interface TokenHolder extends ActingPrincipal {
  tokenId: string;
  /** What the token was made for, such as `admin` or `worker`. */
  purpose: string;
  /** The permissions that the token has at most; null for all that its principal has. */
  scope: string[] | null;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

/** A token as its owner sees it: never the token itself. */
export interface StoredToken {
  tokenId: string;
  principalId: string;
  principalKind: PrincipalKind;
  principalName: string;
  name: string;
  purpose: string;
  scope: string[] | null;
  createdAt: number;
  createdBy: string | null;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

/** A token as the store keeps it: only its SHA-256, never the token. */
export interface NewToken {
  hash: Uint8Array;
  purpose: string;
  /** Null means that it does not end by itself. */
  expiresAt: number | null;
  name?: string;
  scope?: string[] | null;
  createdBy?: string;
}

export interface AccessReads {
  /** The holder of the token with this hash; null when there is none, it has expired, or its principal is disabled. */
  tokenHolder(of: { hash: Uint8Array }): TokenHolder | null;
  principal(of: { principalId: string }): Principal | null;
  /** The name counts without regard to case. */
  principalByName(of: { kind: PrincipalKind; name: string }): Principal | null;
  /** Principals of a kind by name; `after` is the `next` of the page before. */
  principals(of: { kind: PrincipalKind; after?: string; limit: number }): { items: Principal[]; next: string | null };
  /** A principal with its groups and rights, whether it is enabled or not; null when there is none. */
  actingPrincipal(of: { principalId: string }): (ActingPrincipal & { enabled: boolean }) | null;
  token(of: { tokenId: string }): StoredToken | null;
  /** Tokens of a principal, or all but those of workers, in the order in which they were made; expired ones are among them. */
  tokens(of: { principalId?: string; after?: string; limit: number }): { items: StoredToken[]; next: string | null };
}

export interface AccessWrites {
  /**
   * Creates a principal, and its first token where one is given.
   * @throws UserError `principal-exists` (409).
   */
  createPrincipal(principal: {
    kind: PrincipalKind;
    name: string;
    roles: string[];
    description?: string;
    user?: UserSettings;
    token?: NewToken;
    createdBy?: string;
  }): { principalId: string; tokenId: string | null };

  /**
   * Changes a principal, or switches it on or off. Sessions of one that is switched off, or whose password is changed, end.
   * @param change `keepSession` is the one session that does not end with a change of the password.
   * @throws UserError `principal-not-found` (404), `revision-mismatch` (412) when `expectedRevision` is not its revision.
   */
  changePrincipal(change: {
    principalId: string;
    roles?: string[];
    enabled?: boolean;
    description?: string;
    user?: UserSettings;
    keepSession?: string;
    changedBy?: string;
    expectedRevision?: number;
  }): Principal;

  /**
   * Deletes a principal with its tokens, its sessions, and what makes it a member or has members; says whether it was there. A worker's
   * principal goes with `removeWorker`.
   * @throws UserError `revision-mismatch` (412).
   */
  deletePrincipal(of: { principalId: string; expectedRevision?: number }): boolean;

  /**
   * Adds a token; with `replace`, every other token of the principal with the same purpose is revoked in the same transaction.
   * @throws UserError `principal-not-found` (404).
   */
  createToken(token: NewToken & { principalId: string; replace?: boolean }): { tokenId: string };

  /** Revokes all tokens of a principal, or those made for one purpose; gives their number. */
  revokeTokens(of: { principalId: string; purpose?: string }): number;

  /** Revokes one token; says whether it was there. */
  revokeToken(of: { tokenId: string }): boolean;

  /** Notes when tokens were used last; tokens that are gone are passed over. Meant to be called now and then, not per request. */
  markTokensUsed(of: { tokens: { tokenId: string; usedAt: number }[] }): void;

  /** Deletes at most `limit` tokens that ended before now; gives their number. */
  purgeExpiredTokens(of: { limit: number }): number;
}
