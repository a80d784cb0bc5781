import type { PrincipalKind } from "./access.ts";
import type { JobOrigin } from "./jobs.ts";

/** An entry of the audit as it is stored: who did what, when and from where, and what it changed. */
export interface StoredAuditEntry {
  entryId: string;
  happenedAt: number;
  /** Null for the service itself, and for who did not sign in. */
  principalId: string | null;
  principalName: string;
  principalKind: PrincipalKind | "service" | "unknown";
  /** Such as `token 0195e7c4-…`. */
  signedInBy: string | null;
  address: string | null;
  requestId: string | null;
  /** A verb: `create`, `change`, `remove`, `publish`, … */
  action: string;
  thingKind: string;
  /** An id where things of that kind have one. */
  thingId: string | null;
  thingName: string | null;
  /** JSON objects of what changed; null where there was nothing before, or is nothing after. */
  before: string | null;
  after: string | null;
  /** Names the key that made `stamp` and `mac`; null when the entry was written without one. */
  keyId: string | null;
  /** HMAC-SHA256 of all of the above, made when it was written. */
  stamp: Uint8Array | null;
  /** Its place in the chain, numbered from 1 without gaps, and the HMAC-SHA256 of `mac` before it and its own `stamp`. */
  sequence: number | null;
  mac: Uint8Array | null;
}

/** What entries are stamped and chained with. */
export interface AuditKey {
  id: string;
  /** 32 bytes. */
  key: Uint8Array;
}

/** A signed place in the chain. */
export interface AuditAnchor {
  sequence: number;
  mac: Uint8Array;
  keyId: string;
  signedAt: number;
  signature: Uint8Array;
}

/** The user as whom somebody tried to sign in. */
export interface TriedAccount {
  principalId: string;
  name: string;
}

/** Requests of one principal, or of nobody who signed in, from one address, that were denied in one window of time. */
export interface DeniedAttempt {
  principalId: string | null;
  /** Null where nobody signed in. */
  name: string | null;
  kind: PrincipalKind | null;
  address: string;
  /** Null but for passwords that were wrong for somebody. */
  tried: TriedAccount | null;
  /** With a token, or a password, that is good for nothing. */
  refused: number;
  /** By somebody who signed in and had no right to it. */
  notPermitted: number;
  /** Milliseconds since the epoch. */
  since: number;
}

/** A filter of entries; what is left out does not matter. Names count without regard to case. */
export interface AuditFilter {
  /** Name or id of the principal. */
  by?: string;
  action?: string;
  kind?: string;
  /** Name or id of the thing. */
  thing?: string;
  /** Then or later, and before then; milliseconds since the epoch. */
  since?: number;
  until?: number;
}

/** The start of a job, as its row tells it: no entry is written of it. */
export interface StoredJobStart {
  jobId: string;
  runbookName: string;
  startedBy: string;
  starterId: string | null;
  acceptedAt: number;
  retryOf: string | null;
  parentJobId: string | null;
  /** Null where the service started it by itself. */
  startedFrom: JobOrigin | null;
}

export interface AuditReads {
  /**
   * Newest first; `after` is the `next` of the page before. A page may hold fewer than `limit`, even none, when many entries had to be
   * looked at: `next` alone tells whether there is more.
   */
  auditEntries(of: AuditFilter & { after?: string; limit: number }): {
    items: StoredAuditEntry[];
    next: string | null;
  };

  /** The starts of jobs, newest first and a page as above; `thing` is the job's id, or its runbook's name. */
  jobStarts(of: Omit<AuditFilter, "action" | "kind"> & { after?: string; limit: number }): {
    items: StoredJobStart[];
    next: string | null;
  };

  /** Entries of the chain behind a place in it, in order. */
  chainedAuditEntries(of: { after: number; limit: number }): StoredAuditEntry[];

  /** Entries that are not in the chain yet, oldest first. */
  unchainedAuditEntries(of: { limit: number }): StoredAuditEntry[];

  /** Where the chain ends, and where it begins since older entries were purged; null before there is such a place. */
  auditAnchors(): { head: AuditAnchor | null; purged: AuditAnchor | null };

  /** The last of the first `limit` entries of the chain that happened before `before`; null when none did. */
  auditPurgeBoundary(of: { before: number; limit: number }): { sequence: number; mac: Uint8Array } | null;
}

export interface AuditWrites {
  /** Writes an entry for each. */
  noteDeniedAttempts(of: { attempts: DeniedAttempt[] }): void;

  /**
   * Appends entries to the chain; `head` is its new end. False, and nothing happens, when the chain does not end at `after` any more, or
   * one of the entries is in it already: another service was first.
   */
  chainAuditEntries(of: {
    after: number;
    entries: { entryId: string; sequence: number; mac: Uint8Array }[];
    head: AuditAnchor;
  }): boolean;

  /** Deletes the entries of the chain up to the anchor, which takes their place; gives their number. */
  purgeAuditEntries(of: { anchor: AuditAnchor }): number;
}
