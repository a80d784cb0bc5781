import { looksLikeId } from "../contract/id.ts";
import { bytesToId } from "./id-bytes.ts";
import type { AuditAnchor, AuditFilter, StoredAuditEntry, StoredJobStart } from "./operations/audit.ts";
import type { JobOrigin } from "./operations/jobs.ts";

/* Rows of the audit, as both databases give them. */

export interface AuditEntryRow {
  entry_id: Uint8Array;
  happened_at: number;
  principal_id: Uint8Array | null;
  principal_name: string;
  principal_kind: StoredAuditEntry["principalKind"];
  signed_in_by: string | null;
  address: string | null;
  request_id: string | null;
  action: string;
  thing_kind: string;
  thing_id: string | null;
  thing_name: string | null;
  state_before: string | null;
  state_after: string | null;
  key_id: string | null;
  stamp: Uint8Array | null;
  sequence: number | null;
  mac: Uint8Array | null;
}

export const auditEntryColumns = `entry_id, happened_at, principal_id, principal_name, principal_kind, signed_in_by, address, request_id,
  action, thing_kind, thing_id, thing_name, state_before, state_after, key_id, stamp, sequence, mac`;

export function toAuditEntry(row: AuditEntryRow): StoredAuditEntry {
  return {
    entryId: bytesToId(row.entry_id),
    happenedAt: row.happened_at,
    principalId: row.principal_id === null ? null : bytesToId(row.principal_id),
    principalName: row.principal_name,
    principalKind: row.principal_kind,
    signedInBy: row.signed_in_by,
    address: row.address,
    requestId: row.request_id,
    action: row.action,
    thingKind: row.thing_kind,
    thingId: row.thing_id,
    thingName: row.thing_name,
    before: row.state_before,
    after: row.state_after,
    keyId: row.key_id,
    stamp: row.stamp,
    sequence: row.sequence,
    mac: row.mac,
  };
}

export interface AuditAnchorRow {
  purpose: "head" | "purged";
  sequence: number;
  mac: Uint8Array;
  key_id: string;
  signed_at: number;
  signature: Uint8Array;
}

export function anchorsOf(rows: readonly AuditAnchorRow[]): { head: AuditAnchor | null; purged: AuditAnchor | null } {
  const anchor = (purpose: AuditAnchorRow["purpose"]): AuditAnchor | null => {
    const row = rows.find((candidate) => candidate.purpose === purpose);
    return row === undefined
      ? null
      : {
          sequence: row.sequence,
          mac: row.mac,
          keyId: row.key_id,
          signedAt: row.signed_at,
          signature: row.signature,
        };
  };
  return { head: anchor("head"), purged: anchor("purged") };
}

export interface JobStartRow {
  job_id: Uint8Array;
  runbook_name: string;
  started_by: string;
  starter_id: Uint8Array | null;
  accepted_at: number;
  retry_of: Uint8Array | null;
  parent_job_id: Uint8Array | null;
  started_from: string | null;
}

export const jobStartColumns =
  "job_id, runbook_name, started_by, starter_id, accepted_at, retry_of, parent_job_id, started_from";

export function toJobStart(row: JobStartRow): StoredJobStart {
  return {
    jobId: bytesToId(row.job_id),
    runbookName: row.runbook_name,
    startedBy: row.started_by,
    starterId: row.starter_id === null ? null : bytesToId(row.starter_id),
    acceptedAt: row.accepted_at,
    retryOf: row.retry_of === null ? null : bytesToId(row.retry_of),
    parentJobId: row.parent_job_id === null ? null : bytesToId(row.parent_job_id),
    startedFrom: row.started_from === null ? null : (JSON.parse(row.started_from) as JobOrigin),
  };
}

/** Rows that a page may look at where an index does not answer its filter. */
export const mostLookedAt = 10_000;

/** What a filter names, as texts that are null where it names nothing; ids in lower case. */
export function filterValues({ by, thing }: Pick<AuditFilter, "by" | "thing">) {
  const idOf = (text: string | undefined) => (text !== undefined && looksLikeId(text) ? text.toLowerCase() : null);
  const byId = idOf(by);
  const thingId = idOf(thing);
  return {
    byId,
    byName: byId === null ? (by ?? null) : null,
    thingId,
    thingName: thingId === null ? (thing ?? null) : null,
  };
}

/**
 * A page of what was found.
 * @param found up to one more than the page may hold
 * @param lastLookedAt the id up to which rows were looked at, where not all were
 */
export function pageOf<Item>(
  found: readonly Item[],
  { limit, idOf, lastLookedAt }: { limit: number; idOf: (item: Item) => string; lastLookedAt: string | null },
): { items: Item[]; next: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? idOf(last) : lastLookedAt };
}
