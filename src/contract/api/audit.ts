/** An entry of the audit: who did what, when, from where, and what it changed. */
export interface AuditEntryResource {
  entryId: string;
  happenedAt: string;
  by: {
    /** Null for the service itself, and for who did not sign in. */
    principalId: string | null;
    name: string;
    /** `user`, `group`, `service-principal`, `worker`, `service`, or `unknown`; null where it is not kept. */
    kind: string | null;
    /** Such as `token 0195e7c4-…`. */
    signedInBy: string | null;
    /** Null for the service itself, and where it is not kept. */
    address: string | null;
  };
  requestId: string | null;
  /** A verb: `create`, `change`, `remove`, `publish`, `start`, … */
  action: string;
  thing: { kind: string; id: string | null; name: string | null };
  /** What was different before, and is after; null where there was nothing, or is nothing. */
  before: unknown;
  after: unknown;
  /** Its place in the chain; null before it is chained, and for starts of jobs, which are told by their jobs. */
  sequence: number | null;
}

/** A signed place in the chain of entries, for safekeeping elsewhere: the chain as it is later must go through it. */
export interface AuditAnchorResource {
  sequence: number;
  /** Hexadecimal. */
  mac: string;
  keyId: string;
  signedAt: string;
  /** Hexadecimal. */
  signature: string;
}

/** What is wrong with the audit. */
export interface AuditFinding {
  /** The place in the chain; null where there is none. */
  sequence: number | null;
  entryId: string | null;
  problem: string;
}

/** How one portion of the chain was found. */
export interface AuditVerificationResource {
  /** Entries looked at. */
  verified: number;
  findings: AuditFinding[];
  /** Where to go on; null at the end. */
  next: number | null;
}
