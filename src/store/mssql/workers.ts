import type { WorkerVitals } from "../../contract/api/worker.ts";
import type { HostKindOffer } from "../../contract/link/control-frames.ts";
import { UserError } from "../../contract/user-error.ts";
import { bytesToId } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
import type { StoredWorker, WorkerReads, WorkerWrites } from "../operations/workers.ts";
import type { Asynchronous } from "../store.ts";
import { noteRevoked } from "./revoked-tokens.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { bytes, databaseTime, id, idBytes, int, json, text } from "./sql-values.ts";
import { ensureWorkerGroup } from "./worker-groups.ts";
import { helloWorker } from "./workers-hello.ts";
import { expireLeases, renewLeases } from "./workers-leases.ts";

const workerColumns = `
  w.worker_id, w.principal_id, w.name, w.worker_group, w.tags, w.admission, w.status, w.instance_id, w.version, w.protocol,
  w.host_name, w.sandbox, w.slots, w.host_kinds, w.vitals, w.lease_expires_at, w.last_seen_at, w.created_at,
  (SELECT COUNT(*) FROM runsmith.jobs j WHERE j.worker_id = w.worker_id AND j.ended_at IS NULL) AS running_jobs
  FROM runsmith.workers w WHERE w.status <> N'removed'`;

interface WorkerRow {
  worker_id: Uint8Array;
  principal_id: Uint8Array;
  name: string;
  worker_group: string;
  tags: string;
  admission: StoredWorker["admission"];
  status: StoredWorker["status"];
  instance_id: string | null;
  version: string | null;
  protocol: number | null;
  host_name: string | null;
  sandbox: string | null;
  slots: number;
  host_kinds: string;
  vitals: string | null;
  lease_expires_at: number | null;
  last_seen_at: number | null;
  created_at: number;
  running_jobs: number;
}

export function workerReads(session: MssqlSession): Asynchronous<WorkerReads> {
  return {
    workers: async ({ groups, after, limit }) => {
      const rows = await session.all<WorkerRow>(
        `SELECT TOP (@limit) ${workerColumns} AND w.workspace_id = @workspace_id AND w.name > @after
           AND (@groups IS NULL OR w.worker_group IN (SELECT g.value COLLATE Latin1_General_CI_AS FROM OPENJSON(@groups) g))
         ORDER BY w.name`,
        { workspace_id: id(defaultWorkspace), after: text(after ?? ""), groups: json(groups), limit: int(limit + 1) },
      );
      const page = rows.slice(0, limit).map(toStoredWorker);
      return { items: page, next: rows.length > limit ? (page.at(-1)?.name ?? null) : null };
    },
    worker: (of) => readWorker(session, of),
    workerByName: async ({ name }) => {
      const row = await session.first<WorkerRow>(
        `SELECT ${workerColumns} AND w.workspace_id = @workspace_id AND w.name = @name`,
        { workspace_id: id(defaultWorkspace), name: text(name) },
      );
      return row === undefined ? null : toStoredWorker(row);
    },
    workerOfPrincipal: async ({ principalId }) => {
      const row = await session.first<WorkerRow>(`SELECT ${workerColumns} AND w.principal_id = @principal_id`, {
        principal_id: id(principalId),
      });
      return row === undefined ? null : toStoredWorker(row);
    },
  };
}

export const workerWriteRules: WriteRules<WorkerWrites> = {
  createWorker: "kept",
  changeWorker: "repeatable",
  removeWorker: "kept",
  helloWorker: "single",
  renewLeases: "single",
  drainWorker: "single",
  workerLeft: "single",
  expireLeases: "single",
};

export function workerWrites(session: MssqlSession): Asynchronous<WorkerWrites> {
  return {
    createWorker: (worker) => createWorker(session, worker),
    changeWorker: (change) => changeWorker(session, change),
    removeWorker: (of) => removeWorker(session, of),
    helloWorker: (hello) => helloWorker(session, hello),
    renewLeases: (of) => renewLeases(session, of),
    drainWorker: async ({ workerId, instanceId }) => {
      await session.run(
        `UPDATE runsmith.workers SET status = N'draining',
           unavailable_since = COALESCE(unavailable_since, @now, CAST(SYSUTCDATETIME() AS datetime2(3)))
         WHERE worker_id = @worker_id AND instance_id = @instance_id AND status = N'connected'`,
        { worker_id: id(workerId), instance_id: text(instanceId), now: databaseTime },
      );
    },
    // It is draining, so no claim gives it a job any more.
    workerLeft: async ({ workerId, instanceId }) => {
      await session.run(
        `UPDATE runsmith.workers SET status = N'disconnected', lease_expires_at = NULL,
           unavailable_since = COALESCE(unavailable_since, @now, CAST(SYSUTCDATETIME() AS datetime2(3)))
         WHERE worker_id = @worker_id AND instance_id = @instance_id AND status = N'draining' AND NOT EXISTS (
           SELECT 1 FROM runsmith.jobs j WHERE j.worker_id = @worker_id AND j.ended_at IS NULL)`,
        { worker_id: id(workerId), instance_id: text(instanceId), now: databaseTime },
      );
    },
    expireLeases: () => expireLeases(session),
  };
}

async function readWorker(session: MssqlSession, { workerId }: { workerId: string }): Promise<StoredWorker | null> {
  const row = await session.first<WorkerRow>(`SELECT ${workerColumns} AND w.worker_id = @worker_id`, {
    worker_id: id(workerId),
  });
  return row === undefined ? null : toStoredWorker(row);
}

async function createWorker(
  session: MssqlSession,
  worker: Parameters<WorkerWrites["createWorker"]>[0],
): Promise<StoredWorker> {
  const workerId = newId();
  const group = await ensureWorkerGroup(session, worker.group, worker.createdBy ?? "the service");
  try {
    await session.run(
      `DECLARE @created_at datetime2(3) = COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)));
       INSERT INTO runsmith.principals (workspace_id, principal_id, kind, name, roles, created_at)
       VALUES (@workspace_id, @principal_id, N'worker', @name, @roles, @created_at);
       INSERT INTO runsmith.tokens (workspace_id, token_id, principal_id, hash, purpose, created_at)
       VALUES (@workspace_id, @token_id, @principal_id, @hash, @purpose, @created_at);
       INSERT INTO runsmith.workers (workspace_id, worker_id, principal_id, name, worker_group, tags, status, unavailable_since, created_at)
       VALUES (@workspace_id, @worker_id, @principal_id, @name, @worker_group, @tags, N'never-connected', @created_at, @created_at)`,
      {
        workspace_id: id(defaultWorkspace),
        worker_id: id(workerId),
        principal_id: id(newId()),
        token_id: id(newId()),
        name: text(worker.name),
        roles: json(["worker"]),
        hash: bytes(worker.tokenHash),
        purpose: text(worker.tokenPurpose),
        worker_group: text(group),
        tags: json(worker.tags ?? []),
        now: databaseTime,
      },
    );
  } catch (error) {
    throw isDuplicate(error) ? workerExists(worker.name) : error;
  }
  const created = await readWorker(session, { workerId });
  if (created === null) {
    throw new Error("The worker is gone in its own transaction.");
  }
  return created;
}

function workerExists(name: string): UserError {
  return new UserError("worker-exists", `There is a worker named ${name} already.`, {
    status: 409,
    remedy: "Choose another name, or remove that worker first.",
  });
}

async function changeWorker(
  session: MssqlSession,
  change: Parameters<WorkerWrites["changeWorker"]>[0],
): Promise<StoredWorker | null> {
  const group = change.group === undefined ? null : await ensureWorkerGroup(session, change.group, change.changedBy);
  await session.run(
    `UPDATE runsmith.workers SET worker_group = COALESCE(@worker_group, worker_group), tags = COALESCE(@tags, tags),
       admission = COALESCE(@admission, admission),
       unavailable_since = CASE
         WHEN @admission IS NULL THEN unavailable_since
         WHEN @admission = N'open' AND status = N'connected' THEN NULL
         ELSE COALESCE(unavailable_since, @now, CAST(SYSUTCDATETIME() AS datetime2(3))) END
     WHERE worker_id = @worker_id AND status <> N'removed'`,
    {
      worker_id: id(change.workerId),
      worker_group: text(group),
      tags: json(change.tags),
      admission: text(change.admission ?? null),
      now: databaseTime,
    },
  );
  return readWorker(session, change);
}

async function removeWorker(session: MssqlSession, of: { workerId: string }): Promise<{ principalId: string } | null> {
  // Its name is free at once. From here on nobody gives it a job.
  const changed = await session.run(
    `UPDATE runsmith.workers SET status = N'removed', name = name + N' (removed, ' + @former + N')'
     WHERE worker_id = @worker_id AND status <> N'removed'`,
    { worker_id: id(of.workerId), former: text(of.workerId) },
  );
  const worker = await session.first<{ principal_id: Uint8Array; running_jobs: number }>(
    `SELECT principal_id,
       (SELECT COUNT(*) FROM runsmith.jobs j WHERE j.worker_id = w.worker_id AND j.ended_at IS NULL) AS running_jobs
     FROM runsmith.workers w WHERE worker_id = @worker_id`,
    { worker_id: id(of.workerId) },
  );
  if (changed === 0 || worker === undefined) {
    return null;
  }
  const { principal_id } = worker;
  await noteRevoked(session, bytesToId(principal_id));
  await session.run("DELETE FROM runsmith.tokens WHERE principal_id = @principal_id", {
    principal_id: idBytes(principal_id),
  });
  if (worker.running_jobs === 0) {
    await session.run(
      `DELETE FROM runsmith.workers WHERE worker_id = @worker_id;
       DELETE FROM runsmith.principals WHERE principal_id = @principal_id`,
      { worker_id: id(of.workerId), principal_id: idBytes(principal_id) },
    );
  } else {
    await session.run(
      `UPDATE runsmith.principals SET enabled = 0, name = name + N' (removed, ' + @former + N')' WHERE principal_id = @principal_id`,
      { principal_id: idBytes(principal_id), former: text(of.workerId) },
    );
  }
  return { principalId: bytesToId(principal_id) };
}

function toStoredWorker(row: WorkerRow): StoredWorker {
  return {
    workerId: bytesToId(row.worker_id),
    principalId: bytesToId(row.principal_id),
    name: row.name,
    group: row.worker_group,
    tags: JSON.parse(row.tags) as string[],
    admission: row.admission,
    status: row.status,
    instanceId: row.instance_id,
    version: row.version,
    protocol: row.protocol,
    hostName: row.host_name,
    sandbox: row.sandbox,
    slots: row.slots,
    hostKinds: JSON.parse(row.host_kinds) as HostKindOffer[],
    runningJobs: row.running_jobs,
    vitals: row.vitals === null ? null : (JSON.parse(row.vitals) as WorkerVitals),
    leaseExpiresAt: row.lease_expires_at,
    lastSeenAt: row.last_seen_at,
    createdAt: row.created_at,
  };
}
