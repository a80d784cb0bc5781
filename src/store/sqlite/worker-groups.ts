import { UserError } from "../../contract/user-error.ts";
import type { StoredWorkerGroup, WorkerGroupReads, WorkerGroupWrites } from "../operations/worker-groups.ts";
import type { LeaseDurations } from "../operations/workers.ts";
import { dropRightsOn } from "./rights.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

const selectGroup = `
  SELECT g.name, g.description, g.lease_duration, g.created_at, g.modified_at, g.modified_by, g.revision,
    COUNT(w.worker_id) AS workers,
    COUNT(CASE WHEN w.status = 'connected' THEN 1 END) AS connected_workers,
    COALESCE(SUM(CASE WHEN w.status = 'connected' THEN w.slots END), 0) AS slots,
    COALESCE(SUM((SELECT COUNT(*) FROM jobs j WHERE j.worker_id = w.worker_id AND j.ended_at IS NULL)), 0) AS running_jobs
  FROM worker_groups g LEFT JOIN workers w
    ON w.workspace_id = g.workspace_id AND w.worker_group = g.name AND w.status <> 'removed'`;

interface GroupRow {
  name: string;
  description: string;
  lease_duration: number | null;
  created_at: number;
  modified_at: number;
  modified_by: string;
  revision: number;
  workers: number;
  connected_workers: number;
  slots: number;
  running_jobs: number;
}

export function workerGroupReads(session: SqliteSession): WorkerGroupReads {
  return {
    workerGroups: ({ names, after, limit }) => {
      const rows = session.all<GroupRow>(
        `${selectGroup} WHERE g.workspace_id = ?1 AND g.name > ?2
           AND (?3 IS NULL OR lower(g.name) IN (SELECT value FROM json_each(?3)))
         GROUP BY g.name ORDER BY g.name LIMIT ?4`,
        defaultWorkspace,
        after ?? "",
        names === undefined ? null : JSON.stringify(names),
        limit + 1,
      );
      const items = rows.slice(0, limit).map(toGroup);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    workerGroup: ({ name }) => readGroup(session, name),
  };
}

export function workerGroupWrites(session: SqliteSession): WorkerGroupWrites {
  return {
    setWorkerGroup: (group) => setGroup(session, group),
    removeWorkerGroup: (of) => removeGroup(session, of),
  };
}

/** Makes a group where there is none of that name; gives the name as it is written. */
export function ensureWorkerGroup(session: SqliteSession, name: string, changedBy: string): string {
  const now = session.now();
  session.run(
    `INSERT INTO worker_groups (workspace_id, name, created_at, modified_at, modified_by) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    defaultWorkspace,
    name,
    now,
    now,
    changedBy,
  );
  return readGroup(session, name)?.name ?? name;
}

/** Milliseconds of the lease of a group's workers. */
export function leaseDurationOf(session: SqliteSession, group: string, leases: LeaseDurations): number {
  const row = session.first<{ lease_duration: number | null }>(
    "SELECT lease_duration FROM worker_groups WHERE workspace_id = ? AND name = ?",
    defaultWorkspace,
    group,
  );
  const name = group.toLowerCase();
  const given = Object.hasOwn(leases.byGroup, name) ? leases.byGroup[name] : undefined;
  return row?.lease_duration ?? given ?? leases.usual;
}

function readGroup(session: SqliteSession, name: string): StoredWorkerGroup | null {
  const row = session.first<GroupRow>(
    `${selectGroup} WHERE g.workspace_id = ? AND g.name = ? GROUP BY g.name`,
    defaultWorkspace,
    name,
  );
  return row === undefined ? null : toGroup(row);
}

function setGroup(
  session: SqliteSession,
  group: Parameters<WorkerGroupWrites["setWorkerGroup"]>[0],
): ReturnType<WorkerGroupWrites["setWorkerGroup"]> {
  const before = readGroup(session, group.name);
  refuseOtherRevision(group.name, before, group.expectedRevision);
  ensureWorkerGroup(session, group.name, group.changedBy);
  session.run(
    `UPDATE worker_groups SET description = COALESCE(?, description), lease_duration = CASE ? WHEN 1 THEN ? ELSE lease_duration END,
       modified_at = ?, modified_by = ?, revision = revision + ?
     WHERE workspace_id = ? AND name = ?`,
    group.description ?? null,
    group.leaseDuration === undefined ? 0 : 1,
    group.leaseDuration ?? null,
    session.now(),
    group.changedBy,
    before === null ? 0 : 1,
    defaultWorkspace,
    group.name,
  );
  const after = readGroup(session, group.name);
  if (after === null) {
    throw new Error("The worker group is gone in its own transaction.");
  }
  return { group: after, created: before === null };
}

function removeGroup(session: SqliteSession, of: Parameters<WorkerGroupWrites["removeWorkerGroup"]>[0]): void {
  const group = readGroup(session, of.name);
  refuseOtherRevision(of.name, group, of.expectedRevision);
  if (group === null) {
    throw new UserError("worker-group-not-found", `There is no worker group ${of.name}.`, {
      status: 404,
      remedy: "List the groups: npx runsmith get-worker-group.",
    });
  }
  const runbook = session.first<{ name: string }>(
    `SELECT r.name FROM runbooks r JOIN placements p ON p.placement_id = r.placement_id
     WHERE r.workspace_id = ?1 AND EXISTS (
       SELECT 1 FROM (SELECT value FROM json_each(p.run_on) UNION ALL SELECT value FROM json_each(p.stand_bys))
       WHERE value = 'group:' || ?2 COLLATE NOCASE) LIMIT 1`,
    defaultWorkspace,
    group.name,
  );
  if (group.workers > 0 || runbook !== undefined) {
    const by = group.workers > 0 ? `has ${group.workers} worker(s)` : `runs the runbook ${runbook?.name}`;
    throw new UserError("worker-group-in-use", `The worker group ${group.name} ${by}.`, {
      status: 409,
      remedy:
        "Move its workers (set-worker --group) and its runbooks (set-runbook --worker-group) to another group first.",
    });
  }
  session.run(
    "DELETE FROM dispatch_holds WHERE workspace_id = ? AND scope = 'group' AND subject = ?",
    defaultWorkspace,
    group.name,
  );
  dropRightsOn(session, { scope: "worker-group", id: null, name: group.name });
  session.run("DELETE FROM worker_groups WHERE workspace_id = ? AND name = ?", defaultWorkspace, group.name);
}

function refuseOtherRevision(name: string, group: StoredWorkerGroup | null, expected: number | undefined): void {
  if (expected !== undefined && expected !== group?.revision) {
    throw new UserError("revision-mismatch", `The worker group ${name} was changed after you read it.`, {
      status: 412,
      remedy: "Read the group again and repeat the change on its current state.",
    });
  }
}

function toGroup(row: GroupRow): StoredWorkerGroup {
  return {
    name: row.name,
    description: row.description,
    leaseDuration: row.lease_duration,
    workers: row.workers,
    connectedWorkers: row.connected_workers,
    slots: row.slots,
    runningJobs: row.running_jobs,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    modifiedBy: row.modified_by,
    revision: row.revision,
  };
}
