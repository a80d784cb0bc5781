import type { AuditAnchorRow, AuditEntryRow, JobStartRow } from "../audit-rows.ts";
import {
  anchorsOf,
  auditEntryColumns,
  filterValues,
  jobStartColumns,
  mostLookedAt,
  pageOf,
  toAuditEntry,
  toJobStart,
} from "../audit-rows.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { idRange } from "../id-range.ts";
import type { AuditAnchor, AuditReads, AuditWrites, StoredAuditEntry } from "../operations/audit.ts";
import type { SqliteSession, SqlValue } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

export function auditReads(session: SqliteSession): AuditReads {
  return {
    auditEntries: (of) => readEntries(session, of),
    jobStarts: (of) => readJobStarts(session, of),
    chainedAuditEntries: ({ after, limit }) =>
      session
        .all<AuditEntryRow>(
          `SELECT ${auditEntryColumns} FROM audit_entries
           WHERE workspace_id = ? AND sequence > ? ORDER BY sequence, entry_id LIMIT ?`,
          defaultWorkspace,
          after,
          limit,
        )
        .map(toAuditEntry),
    unchainedAuditEntries: ({ limit }) =>
      session
        .all<AuditEntryRow>(
          `SELECT ${auditEntryColumns} FROM audit_entries
           WHERE workspace_id = ? AND sequence IS NULL ORDER BY entry_id LIMIT ?`,
          defaultWorkspace,
          limit,
        )
        .map(toAuditEntry),
    auditAnchors: () =>
      anchorsOf(
        session.all<AuditAnchorRow>(
          "SELECT purpose, sequence, mac, key_id, signed_at, signature FROM audit_anchors WHERE workspace_id = ?",
          defaultWorkspace,
        ),
      ),
    auditPurgeBoundary: ({ before, limit }) =>
      session.first<{ sequence: number; mac: Uint8Array }>(
        `SELECT sequence, mac FROM (
           SELECT sequence, mac, happened_at FROM audit_entries
           WHERE workspace_id = ? AND sequence IS NOT NULL ORDER BY sequence LIMIT ?)
         WHERE happened_at < ? ORDER BY sequence DESC LIMIT 1`,
        defaultWorkspace,
        limit,
        before,
      ) ?? null,
  };
}

export function auditWrites(session: SqliteSession): AuditWrites {
  return {
    // The entries come from its rule, as those of every write do.
    noteDeniedAttempts: () => undefined,

    chainAuditEntries: ({ after, entries, head }) => {
      const end = session.first<{ sequence: number }>(
        "SELECT sequence FROM audit_anchors WHERE workspace_id = ? AND purpose = 'head'",
        defaultWorkspace,
      );
      const places = session.first<{ chained: number }>(
        `SELECT COUNT(*) AS chained FROM audit_entries
         WHERE entry_id IN (SELECT unhex(value) FROM json_each(?)) AND sequence IS NULL`,
        JSON.stringify(entries.map(({ entryId }) => entryId.replaceAll("-", ""))),
      );
      if ((end?.sequence ?? 0) !== after || places?.chained !== entries.length) {
        return false;
      }
      for (const { entryId, sequence, mac } of entries) {
        session.run(
          "UPDATE audit_entries SET sequence = ?, mac = ? WHERE entry_id = ?",
          sequence,
          mac,
          idToBytes(entryId),
        );
      }
      keepAnchor(session, "head", head);
      return true;
    },

    purgeAuditEntries: ({ anchor }) => {
      keepAnchor(session, "purged", anchor);
      return session.run(
        "DELETE FROM audit_entries WHERE workspace_id = ? AND sequence <= ?",
        defaultWorkspace,
        anchor.sequence,
      );
    },
  };
}

/** Adds an entry, within the transaction of the change that it tells. */
export function insertAuditEntry(session: SqliteSession, entry: Omit<StoredAuditEntry, "sequence" | "mac">): void {
  session.run(
    `INSERT INTO audit_entries (workspace_id, entry_id, happened_at, principal_id, principal_name, principal_kind, signed_in_by,
       address, request_id, action, thing_kind, thing_id, thing_name, state_before, state_after, key_id, stamp)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    defaultWorkspace,
    idToBytes(entry.entryId),
    entry.happenedAt,
    entry.principalId === null ? null : idToBytes(entry.principalId),
    entry.principalName,
    entry.principalKind,
    entry.signedInBy,
    entry.address,
    entry.requestId,
    entry.action,
    entry.thingKind,
    entry.thingId,
    entry.thingName,
    entry.before,
    entry.after,
    entry.keyId,
    entry.stamp,
  );
}

function keepAnchor(session: SqliteSession, purpose: AuditAnchorRow["purpose"], anchor: AuditAnchor): void {
  session.run(
    `INSERT INTO audit_anchors (workspace_id, purpose, sequence, mac, key_id, signed_at, signature) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET sequence = excluded.sequence, mac = excluded.mac, key_id = excluded.key_id,
       signed_at = excluded.signed_at, signature = excluded.signature`,
    defaultWorkspace,
    purpose,
    anchor.sequence,
    anchor.mac,
    anchor.keyId,
    anchor.signedAt,
    anchor.signature,
  );
}

/** Rows in the order of an index, and conditions that are looked at row by row. */
interface Search {
  table: "audit_entries" | "jobs";
  id: "entry_id" | "job_id";
  columns: string;
  /** What an index answers, and its value. */
  found: string;
  foundBy: SqlValue;
  rest: { sql: string; value: SqlValue }[];
}

function readEntries(
  session: SqliteSession,
  of: Parameters<AuditReads["auditEntries"]>[0],
): ReturnType<AuditReads["auditEntries"]> {
  const { byId, byName, thingId, thingName } = filterValues(of);
  const rest: Search["rest"] = [];
  if (of.action !== undefined) rest.push({ sql: "action = ?", value: of.action });
  if (of.kind !== undefined) rest.push({ sql: "thing_kind = ?", value: of.kind });
  if (of.since !== undefined) rest.push({ sql: "happened_at >= ?", value: of.since });
  if (of.until !== undefined) rest.push({ sql: "happened_at < ?", value: of.until });
  if (byId !== null) rest.push({ sql: "principal_id = ?", value: idToBytes(byId) });
  if (byName !== null && of.thing !== undefined) rest.push({ sql: "principal_name = ?", value: byName });
  const indexed =
    thingId !== null
      ? { found: "thing_id = ?", foundBy: thingId }
      : thingName !== null
        ? { found: "thing_name = ?", foundBy: thingName }
        : byName !== null
          ? { found: "principal_name = ?", foundBy: byName }
          : { found: "1 = ?", foundBy: 1 };
  const page = search<AuditEntryRow>(session, of, {
    table: "audit_entries",
    id: "entry_id",
    columns: auditEntryColumns,
    ...indexed,
    rest,
  });
  return pageOf(page.rows.map(toAuditEntry), {
    limit: of.limit,
    idOf: ({ entryId }) => entryId,
    lastLookedAt: page.lastLookedAt,
  });
}

function readJobStarts(
  session: SqliteSession,
  of: Parameters<AuditReads["jobStarts"]>[0],
): ReturnType<AuditReads["jobStarts"]> {
  const { byId, byName, thingId, thingName } = filterValues(of);
  const rest: Search["rest"] = [];
  if (of.since !== undefined) rest.push({ sql: "accepted_at >= ?", value: of.since });
  if (of.until !== undefined) rest.push({ sql: "accepted_at < ?", value: of.until });
  if (byId !== null) rest.push({ sql: "starter_id = ?", value: idToBytes(byId) });
  if (byName !== null) rest.push({ sql: "started_by = ? COLLATE NOCASE", value: byName });
  if (thingName !== null) rest.push({ sql: "runbook_name = ? COLLATE NOCASE", value: thingName });
  const page = search<JobStartRow>(session, of, {
    table: "jobs",
    id: "job_id",
    columns: jobStartColumns,
    ...(thingId === null ? { found: "1 = ?", foundBy: 1 } : { found: "job_id = ?", foundBy: idToBytes(thingId) }),
    rest,
  });
  return pageOf(page.rows.map(toJobStart), {
    limit: of.limit,
    idOf: ({ jobId }) => jobId,
    lastLookedAt: page.lastLookedAt,
  });
}

/** Up to one row more than the page may hold, newest first. */
function search<Row>(
  session: SqliteSession,
  of: { since?: number; until?: number; after?: string; limit: number },
  { table, id, columns, found, foundBy, rest }: Search,
): { rows: Row[]; lastLookedAt: string | null } {
  const range = idRange(of);
  const values: SqlValue[] = [
    defaultWorkspace,
    foundBy,
    range.from,
    of.after === undefined ? range.before : idToBytes(of.after),
    range.before,
  ];
  // Where an index answers everything, no more is looked at than is shown.
  const looked = rest.length === 0 ? of.limit + 1 : mostLookedAt;
  // With the +, as statistics of a few rows make SQLite sort them all.
  const candidates = `FROM ${table} WHERE +workspace_id = ? AND ${found} AND ${id} >= ? AND ${id} < ? AND ${id} < ?
    ORDER BY ${id} DESC LIMIT ?`;
  const conditions = rest.length === 0 ? "1" : rest.map(({ sql }) => sql).join(" AND ");
  const rows = session.all<Row>(
    `SELECT ${columns} FROM (SELECT * ${candidates}) WHERE ${conditions} ORDER BY ${id} DESC LIMIT ?`,
    ...values,
    looked,
    ...rest.map(({ value }) => value),
    of.limit + 1,
  );
  if (rest.length === 0 || rows.length > of.limit) {
    return { rows, lastLookedAt: null };
  }
  const last = session.first<{ id: Uint8Array; looked: number }>(
    `SELECT MIN(${id}) AS id, COUNT(*) AS looked FROM (SELECT ${id} ${candidates})`,
    ...values,
    looked,
  );
  return { rows, lastLookedAt: last === undefined || last.looked < looked ? null : bytesToId(last.id) };
}
