import { UserError } from "../../contract/user-error.ts";
import type { StoredWorkerGroup, WorkerGroupReads, WorkerGroupWrites } from "../operations/worker-groups.ts";
import type { Asynchronous } from "../store.ts";
import { dropRightsOn } from "./rights.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bigint, bit, databaseTime, id, int, json, text } from "./sql-values.ts";

const groupColumns = `
  g.name, g.description, g.lease_duration, g.created_at, g.modified_at, g.modified_by, g.revision,
  (SELECT COUNT(*) FROM runsmith.workers w
   WHERE w.workspace_id = g.workspace_id AND w.worker_group = g.name AND w.status <> N'removed') AS workers,
  (SELECT COUNT(*) FROM runsmith.workers w
   WHERE w.workspace_id = g.workspace_id AND w.worker_group = g.name AND w.status = N'connected') AS connected_workers,
  (SELECT COALESCE(SUM(w.slots), 0) FROM runsmith.workers w
   WHERE w.workspace_id = g.workspace_id AND w.worker_group = g.name AND w.status = N'connected') AS slots,
  (SELECT COUNT(*) FROM runsmith.workers w JOIN runsmith.jobs j ON j.worker_id = w.worker_id AND j.ended_at IS NULL
   WHERE w.workspace_id = g.workspace_id AND w.worker_group = g.name AND w.status <> N'removed') AS running_jobs
  FROM runsmith.worker_groups g WHERE g.workspace_id = @workspace_id`;

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

export function workerGroupReads(session: MssqlSession): Asynchronous<WorkerGroupReads> {
  return {
    workerGroups: async ({ names, after, limit }) => {
      const rows = await session.all<GroupRow>(
        `SELECT TOP (@limit) ${groupColumns} AND g.name > @after
           AND (@names IS NULL OR g.name IN (SELECT n.value COLLATE Latin1_General_CI_AS FROM OPENJSON(@names) n))
         ORDER BY g.name`,
        { workspace_id: id(defaultWorkspace), after: text(after ?? ""), names: json(names), limit: int(limit + 1) },
      );
      const items = rows.slice(0, limit).map(toGroup);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    workerGroup: ({ name }) => readGroup(session, name),
  };
}

export const workerGroupWriteRules: WriteRules<WorkerGroupWrites> = {
  setWorkerGroup: "kept",
  removeWorkerGroup: "kept",
};

export function workerGroupWrites(session: MssqlSession): Asynchronous<WorkerGroupWrites> {
  return {
    setWorkerGroup: (group) => setGroup(session, group),
    removeWorkerGroup: (of) => removeGroup(session, of),
  };
}

/** Makes a group where there is none of that name; gives the name as it is written. */
export async function ensureWorkerGroup(session: MssqlSession, name: string, changedBy: string): Promise<string> {
  const there = await nameOf(session, name);
  if (there !== undefined) {
    return there;
  }
  try {
    await session.run(
      `INSERT INTO runsmith.worker_groups (workspace_id, name, created_at, modified_at, modified_by)
       SELECT @workspace_id, @name, t.now, t.now, @changed_by
       FROM (SELECT COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3))) AS now) t`,
      { workspace_id: id(defaultWorkspace), name: text(name), changed_by: text(changedBy), now: databaseTime },
    );
  } catch (error) {
    // Somebody else made it at the same moment.
    if (!isDuplicate(error)) {
      throw error;
    }
  }
  return (await nameOf(session, name)) ?? name;
}

async function nameOf(session: MssqlSession, name: string): Promise<string | undefined> {
  const row = await session.first<{ name: string }>(
    "SELECT name FROM runsmith.worker_groups WHERE workspace_id = @workspace_id AND name = @name",
    { workspace_id: id(defaultWorkspace), name: text(name) },
  );
  return row?.name;
}

async function readGroup(session: MssqlSession, name: string): Promise<StoredWorkerGroup | null> {
  const row = await session.first<GroupRow>(`SELECT ${groupColumns} AND g.name = @name`, {
    workspace_id: id(defaultWorkspace),
    name: text(name),
  });
  return row === undefined ? null : toGroup(row);
}

async function setGroup(
  session: MssqlSession,
  group: Parameters<WorkerGroupWrites["setWorkerGroup"]>[0],
): Promise<ReturnType<WorkerGroupWrites["setWorkerGroup"]>> {
  const before = await readGroup(session, group.name);
  refuseOtherRevision(group.name, before, group.expectedRevision);
  await ensureWorkerGroup(session, group.name, group.changedBy);
  const changed = await session.run(
    `UPDATE runsmith.worker_groups SET description = COALESCE(@description, description),
       lease_duration = CASE WHEN @sets_lease = 1 THEN @lease_duration ELSE lease_duration END,
       modified_at = COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3))), modified_by = @changed_by, revision = revision + @step
     WHERE workspace_id = @workspace_id AND name = @name AND (@expected IS NULL OR revision = @expected)`,
    {
      workspace_id: id(defaultWorkspace),
      name: text(group.name),
      description: text(group.description ?? null),
      sets_lease: bit(group.leaseDuration !== undefined),
      lease_duration: bigint(group.leaseDuration ?? null),
      changed_by: text(group.changedBy),
      step: int(before === null ? 0 : 1),
      expected: int(group.expectedRevision ?? null),
      now: databaseTime,
    },
  );
  const after = await readGroup(session, group.name);
  if (changed === 0 || after === null) {
    throw changedMeanwhile(group.name);
  }
  return { group: after, created: before === null };
}

async function removeGroup(
  session: MssqlSession,
  of: Parameters<WorkerGroupWrites["removeWorkerGroup"]>[0],
): Promise<void> {
  const group = await readGroup(session, of.name);
  refuseOtherRevision(of.name, group, of.expectedRevision);
  if (group === null) {
    throw new UserError("worker-group-not-found", `There is no worker group ${of.name}.`, {
      status: 404,
      remedy: "List the groups: npx runsmith get-worker-group.",
    });
  }
  const target = `group:${group.name}`;
  const runbook = await session.first<{ name: string }>(
    `SELECT TOP (1) r.name FROM runsmith.runbooks r JOIN runsmith.placements p ON p.placement_id = r.placement_id
     WHERE r.workspace_id = @workspace_id AND (
       EXISTS (SELECT 1 FROM OPENJSON(p.run_on) t WHERE t.value COLLATE Latin1_General_CI_AS = @target)
       OR EXISTS (SELECT 1 FROM OPENJSON(p.stand_bys) t WHERE t.value COLLATE Latin1_General_CI_AS = @target))`,
    { workspace_id: id(defaultWorkspace), target: text(target) },
  );
  if (group.workers > 0 || runbook !== undefined) {
    const by = group.workers > 0 ? `has ${group.workers} worker(s)` : `runs the runbook ${runbook?.name}`;
    throw new UserError("worker-group-in-use", `The worker group ${group.name} ${by}.`, {
      status: 409,
      remedy:
        "Move its workers (set-worker --group) and its runbooks (set-runbook --worker-group) to another group first.",
    });
  }
  await dropRightsOn(session, { scope: "worker-group", id: null, name: group.name });
  await session.run(
    `DELETE FROM runsmith.dispatch_holds WHERE workspace_id = @workspace_id AND scope = N'group' AND subject = @name;
     DELETE FROM runsmith.worker_groups WHERE workspace_id = @workspace_id AND name = @name`,
    { workspace_id: id(defaultWorkspace), name: text(group.name) },
  );
}

function refuseOtherRevision(name: string, group: StoredWorkerGroup | null, expected: number | undefined): void {
  if (expected !== undefined && expected !== group?.revision) {
    throw changedMeanwhile(name);
  }
}

function changedMeanwhile(name: string): UserError {
  return new UserError("revision-mismatch", `The worker group ${name} was changed after you read it.`, {
    status: 412,
    remedy: "Read the group again and repeat the change on its current state.",
  });
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
