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
import type { Asynchronous } from "../store.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import type { SqlValues } from "./sql-values.ts";
import { bigint, bytes, id, idBytes, int, json, text, time } from "./sql-values.ts";

export function auditReads(session: MssqlSession): Asynchronous<AuditReads> {
  const workspace = { workspace_id: id(defaultWorkspace) };
  return {
    auditEntries: (of) => readEntries(session, of),
    jobStarts: (of) => readJobStarts(session, of),
    chainedAuditEntries: async ({ after, limit }) => {
      const rows = await session.all<AuditEntryRow>(
        `SELECT TOP (@limit) ${auditEntryColumns} FROM runsmith.audit_entries
         WHERE workspace_id = @workspace_id AND sequence > @after ORDER BY sequence, entry_id`,
        { ...workspace, after: bigint(after), limit: int(limit) },
      );
      return rows.map(toAuditEntry);
    },
    unchainedAuditEntries: async ({ limit }) => {
      const rows = await session.all<AuditEntryRow>(
        `SELECT TOP (@limit) ${auditEntryColumns} FROM runsmith.audit_entries
         WHERE workspace_id = @workspace_id AND sequence IS NULL ORDER BY entry_id`,
        { ...workspace, limit: int(limit) },
      );
      return rows.map(toAuditEntry);
    },
    auditAnchors: async () =>
      anchorsOf(
        await session.all<AuditAnchorRow>(
          `SELECT purpose, sequence, mac, key_id, signed_at, signature FROM runsmith.audit_anchors
           WHERE workspace_id = @workspace_id`,
          workspace,
        ),
      ),
    auditPurgeBoundary: async ({ before, limit }) =>
      (await session.first<{ sequence: number; mac: Uint8Array }>(
        `SELECT TOP (1) o.sequence, o.mac FROM (
           SELECT TOP (@limit) sequence, mac, happened_at FROM runsmith.audit_entries
           WHERE workspace_id = @workspace_id AND sequence IS NOT NULL ORDER BY sequence) o
         WHERE o.happened_at < @before ORDER BY o.sequence DESC`,
        { ...workspace, before: time(before), limit: int(limit) },
      )) ?? null,
  };
}

export const auditWriteRules: WriteRules<AuditWrites> = {
  noteDeniedAttempts: "kept",
  chainAuditEntries: "repeatable",
  purgeAuditEntries: "repeatable",
};

export function auditWrites(session: MssqlSession): Asynchronous<AuditWrites> {
  return {
    // The entries come from its rule, as those of every write do.
    noteDeniedAttempts: () => Promise.resolve(undefined),

    chainAuditEntries: async ({ after, entries, head }) => {
      // First the end of the chain: whoever else appends waits for it.
      if (!(await moveHead(session, after, head))) {
        return false;
      }
      const links = entries.map(({ entryId, sequence, mac }) => ({
        entry: entryId.replaceAll("-", ""),
        sequence,
        mac: Buffer.from(mac).toString("hex"),
      }));
      const chained = await session.run(
        `UPDATE a SET sequence = CONVERT(bigint, JSON_VALUE(l.value, '$.sequence')),
           mac = CONVERT(varbinary(32), JSON_VALUE(l.value, '$.mac'), 2)
         FROM runsmith.audit_entries AS a
         JOIN OPENJSON(@links) AS l ON a.entry_id = CONVERT(binary(16), JSON_VALUE(l.value, '$.entry'), 2)
         WHERE a.sequence IS NULL`,
        { links: json(links) },
      );
      if (chained !== entries.length) {
        throw new Error(
          `Of ${entries.length} audit entries that were to be chained, ${entries.length - chained} are gone.`,
        );
      }
      return true;
    },

    purgeAuditEntries: async ({ anchor }) => {
      const moved = await session.run(
        `UPDATE runsmith.audit_anchors SET sequence = @sequence, mac = @mac, key_id = @key_id, signed_at = @signed_at,
           signature = @signature
         WHERE workspace_id = @workspace_id AND purpose = N'purged'`,
        anchorValues(anchor),
      );
      if (moved === 0) {
        await insertAnchor(session, "purged", anchor);
      }
      return session.run(
        "DELETE FROM runsmith.audit_entries WHERE workspace_id = @workspace_id AND sequence <= @sequence",
        { workspace_id: id(defaultWorkspace), sequence: bigint(anchor.sequence) },
      );
    },
  };
}

/** Adds an entry, within the transaction of the change that it tells. */
export async function insertAuditEntry(
  session: MssqlSession,
  entry: Omit<StoredAuditEntry, "sequence" | "mac">,
): Promise<void> {
  await session.run(
    `INSERT INTO runsmith.audit_entries (workspace_id, entry_id, happened_at, principal_id, principal_name, principal_kind,
       signed_in_by, address, request_id, action, thing_kind, thing_id, thing_name, state_before, state_after, key_id, stamp)
     VALUES (@workspace_id, @entry_id, @happened_at, @principal_id, @principal_name, @principal_kind, @signed_in_by, @address,
       @request_id, @action, @thing_kind, @thing_id, @thing_name, @state_before, @state_after, @key_id, @stamp)`,
    {
      workspace_id: id(defaultWorkspace),
      entry_id: id(entry.entryId),
      happened_at: time(entry.happenedAt),
      principal_id: id(entry.principalId),
      principal_name: text(entry.principalName),
      principal_kind: text(entry.principalKind),
      signed_in_by: text(entry.signedInBy),
      address: text(entry.address),
      request_id: text(entry.requestId),
      action: text(entry.action),
      thing_kind: text(entry.thingKind),
      thing_id: text(entry.thingId),
      thing_name: text(entry.thingName),
      state_before: text(entry.before),
      state_after: text(entry.after),
      key_id: text(entry.keyId),
      stamp: bytes(entry.stamp),
    },
  );
}

/** False when the chain does not end at `after`. */
async function moveHead(session: MssqlSession, after: number, head: AuditAnchor): Promise<boolean> {
  const moved = await session.run(
    `UPDATE runsmith.audit_anchors SET sequence = @sequence, mac = @mac, key_id = @key_id, signed_at = @signed_at,
       signature = @signature
     WHERE workspace_id = @workspace_id AND purpose = N'head' AND sequence = @after`,
    { ...anchorValues(head), after: bigint(after) },
  );
  if (moved > 0 || after !== 0) {
    return moved > 0;
  }
  return insertAnchor(session, "head", head);
}

/** False when there is one. */
async function insertAnchor(
  session: MssqlSession,
  purpose: AuditAnchorRow["purpose"],
  anchor: AuditAnchor,
): Promise<boolean> {
  const added = await session.run(
    `INSERT INTO runsmith.audit_anchors (workspace_id, purpose, sequence, mac, key_id, signed_at, signature)
     SELECT @workspace_id, @purpose, @sequence, @mac, @key_id, @signed_at, @signature
     WHERE NOT EXISTS (SELECT 1 FROM runsmith.audit_anchors WHERE workspace_id = @workspace_id AND purpose = @purpose)`,
    { ...anchorValues(anchor), purpose: text(purpose) },
  );
  return added > 0;
}

function anchorValues(anchor: AuditAnchor): SqlValues {
  return {
    workspace_id: id(defaultWorkspace),
    sequence: bigint(anchor.sequence),
    mac: bytes(anchor.mac),
    key_id: text(anchor.keyId),
    signed_at: time(anchor.signedAt),
    signature: bytes(anchor.signature),
  };
}

/** Rows in the order of an index, and conditions that are looked at row by row. */
interface Search {
  table: "audit_entries" | "jobs";
  id: "entry_id" | "job_id";
  columns: string;
  /** What an index answers. */
  found: string;
  rest: string[];
  values: SqlValues;
}

async function readEntries(
  session: MssqlSession,
  of: Parameters<AuditReads["auditEntries"]>[0],
): Promise<ReturnType<AuditReads["auditEntries"]>> {
  const { byId, byName, thingId, thingName } = filterValues(of);
  const rest: string[] = [];
  if (of.action !== undefined) rest.push("action = @action");
  if (of.kind !== undefined) rest.push("thing_kind = @kind");
  if (of.since !== undefined) rest.push("happened_at >= @since");
  if (of.until !== undefined) rest.push("happened_at < @until");
  if (byId !== null) rest.push("principal_id = @by_id");
  if (byName !== null && of.thing !== undefined) rest.push("principal_name = @by_name");
  const found =
    thingId !== null
      ? "thing_id = @thing_id"
      : thingName !== null
        ? "thing_name = @thing_name"
        : byName !== null
          ? "principal_name = @by_name"
          : "1 = 1";
  const page = await search<AuditEntryRow>(session, of, {
    table: "audit_entries",
    id: "entry_id",
    columns: auditEntryColumns,
    found,
    rest,
    values: {
      ...(of.action !== undefined && { action: text(of.action) }),
      ...(of.kind !== undefined && { kind: text(of.kind) }),
      ...spanValues(of),
      ...(byId !== null && { by_id: id(byId) }),
      ...(byName !== null && { by_name: text(byName) }),
      ...(thingId !== null && { thing_id: text(thingId) }),
      ...(thingName !== null && { thing_name: text(thingName) }),
    },
  });
  return pageOf(page.rows.map(toAuditEntry), {
    limit: of.limit,
    idOf: ({ entryId }) => entryId,
    lastLookedAt: page.lastLookedAt,
  });
}

async function readJobStarts(
  session: MssqlSession,
  of: Parameters<AuditReads["jobStarts"]>[0],
): Promise<ReturnType<AuditReads["jobStarts"]>> {
  const { byId, byName, thingId, thingName } = filterValues(of);
  const rest: string[] = [];
  if (of.since !== undefined) rest.push("accepted_at >= @since");
  if (of.until !== undefined) rest.push("accepted_at < @until");
  if (byId !== null) rest.push("starter_id = @by_id");
  if (byName !== null) rest.push("started_by = @by_name");
  if (thingName !== null) rest.push("runbook_name = @thing_name");
  const page = await search<JobStartRow>(session, of, {
    table: "jobs",
    id: "job_id",
    columns: jobStartColumns,
    found: thingId === null ? "1 = 1" : "job_id = @thing_id",
    rest,
    values: {
      ...spanValues(of),
      ...(byId !== null && { by_id: id(byId) }),
      ...(byName !== null && { by_name: text(byName) }),
      ...(thingId !== null && { thing_id: id(thingId) }),
      ...(thingName !== null && { thing_name: text(thingName) }),
    },
  });
  return pageOf(page.rows.map(toJobStart), {
    limit: of.limit,
    idOf: ({ jobId }) => jobId,
    lastLookedAt: page.lastLookedAt,
  });
}

function spanValues({ since, until }: { since?: number; until?: number }): SqlValues {
  return { ...(since !== undefined && { since: time(since) }), ...(until !== undefined && { until: time(until) }) };
}

/** Up to one row more than the page may hold, newest first. */
async function search<Row>(
  session: MssqlSession,
  of: { since?: number; until?: number; after?: string; limit: number },
  { table, id: idColumn, columns, found, rest, values: own }: Search,
): Promise<{ rows: Row[]; lastLookedAt: string | null }> {
  const range = idRange(of);
  const after = of.after === undefined ? range.before : idToBytes(of.after);
  // Where an index answers everything, no more is looked at than is shown.
  const looked = rest.length === 0 ? of.limit + 1 : mostLookedAt;
  const values: SqlValues = {
    ...own,
    workspace_id: id(defaultWorkspace),
    from_id: idBytes(range.from),
    before_id: idBytes(Buffer.compare(after, range.before) < 0 ? after : range.before),
    looked: int(looked),
  };
  const candidates = `FROM runsmith.${table}
    WHERE workspace_id = @workspace_id AND ${found} AND ${idColumn} >= @from_id AND ${idColumn} < @before_id`;
  const rows = await session.all<Row>(
    `SELECT TOP (@limit) ${columns} FROM (
       SELECT TOP (@looked) * ${candidates} ORDER BY ${idColumn} DESC) c
     WHERE ${rest.length === 0 ? "1 = 1" : rest.join(" AND ")} ORDER BY ${idColumn} DESC`,
    { ...values, limit: int(of.limit + 1) },
  );
  if (rest.length === 0 || rows.length > of.limit) {
    return { rows, lastLookedAt: null };
  }
  const last = await session.first<{ id: Uint8Array; looked: number }>(
    `SELECT TOP (1) c.id, COUNT(*) OVER () AS looked FROM (
       SELECT TOP (@looked) ${idColumn} AS id ${candidates} ORDER BY ${idColumn} DESC) c
     ORDER BY c.id`,
    values,
  );
  return { rows, lastLookedAt: last === undefined || last.looked < looked ? null : bytesToId(last.id) };
}
