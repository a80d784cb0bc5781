import type { ActingPrincipal } from "./access.ts";

/** A user as the check of a password needs it. */
export interface SignInAccount extends ActingPrincipal {
  enabled: boolean;
  /** In the PHC string format; null for users who sign in elsewhere. */
  passwordHash: string | null;
  mustChangePassword: boolean;
}

/** Whom the cookie of a session speaks for. */
export interface SessionHolder extends ActingPrincipal {
  sessionId: string;
  /** How its user signed in: `password`, or the name of a provider. */
  method: string;
  mustChangePassword: boolean;
  /** When it ends at the latest. */
  endsAt: number;
  /** When this secret is over, since a newer one was seen; null while none was. */
  secretEndsAt: number | null;
  /** When the newest secret of the session was made, whether it was seen or not. */
  newestSecretAt: number;
  /** Whether secrets older than this one are good without an end. */
  hasFormerSecret: boolean;
}

/** A session as its user sees it. */
export interface StoredSession {
  sessionId: string;
  method: string;
  address: string;
  createdAt: number;
  /** When it ends if it is not used. */
  idleAt: number;
  endsAt: number;
}

/** A secret of a session as the store keeps it: only its SHA-256. */
export interface SessionSecret {
  hash: Uint8Array;
}

export interface SignInReads {
  /** The user of this name, whether it may sign in or not; null when there is none. The name counts without regard to case. */
  signInAccount(of: { name: string }): SignInAccount | null;
  /** The holder of the session with this secret; null when there is none, it has ended, or its user is disabled. */
  sessionHolder(of: SessionSecret): SessionHolder | null;
  /** The sessions of a user that have not ended, the newest first. */
  sessions(of: { principalId: string }): StoredSession[];
  /** The user who is known under this identity; null when nobody is. */
  userOfIdentity(of: { identityHash: Uint8Array }): { principalId: string } | null;
}

export interface SignInWrites {
  /**
   * Begins a session.
   * @throws UserError `principal-not-found` (404) when the user is gone or disabled, or has another password than the verified one.
   */
  beginSession(
    session: SessionSecret & {
      principalId: string;
      method: string;
      address: string;
      /** The hash by which its password was verified; left out where none was. */
      passwordHash?: string;
      /** Milliseconds after which it ends when it is not used, and at the latest. */
      idleTime: number;
      longestTime: number;
    },
  ): { sessionId: string; endsAt: number };
  /** Ends a session; says whether it was there. */
  endSession(of: { sessionId: string }): boolean;
  /** Ends all sessions of a user, but for one where it is named; gives their number. */
  endSessions(of: { principalId: string; keepSession?: string }): number;
  /** Adds a secret that the session's next cookie holds; false when the session is gone. */
  addSessionSecret(of: SessionSecret & { sessionId: string }): boolean;
  /** The older secrets of a session end this many milliseconds from now, since a newer one was seen. */
  retireSessionSecrets(of: SessionSecret & { sessionId: string; grace: number }): void;
  /** Notes when sessions were used last; those that are gone are passed over. */
  markSessionsUsed(of: { sessions: { sessionId: string; idleAt: number }[] }): void;
  /** Deletes at most `limit` sessions that ended before now, and as many secrets; gives the number of sessions. */
  purgeEndedSessions(of: { limit: number }): number;
  /**
   * Makes a user for an identity of a provider.
   * @throws UserError `principal-exists` (409) for the name, `identity-exists` (409).
   */
  createUserOfIdentity(user: {
    name: string;
    displayName: string;
    email: string | null;
    identityHash: Uint8Array;
    provider: string;
    issuer: string;
    subject: string;
  }): { principalId: string };
  /** Replaces the hash of an unchanged password, made by weaker parameters. */
  renewPasswordHash(of: { principalId: string; former: string; passwordHash: string }): void;
}
