import type { WorkerVitals } from "../../contract/api/worker.ts";
import type { HostKindOffer } from "../../contract/link/control-frames.ts";
import { UserError } from "../../contract/user-error.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { StoredWorker, WorkerReads, WorkerWrites } from "../operations/workers.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { ensureWorkerGroup } from "./worker-groups.ts";
import { heldJobs, helloWorker } from "./workers-hello.ts";
import { expireLeases, renewLeases } from "./workers-leases.ts";

const selectWorker = `
  SELECT worker_id, principal_id, name, worker_group, tags, admission, status, instance_id, version, protocol, host_name, sandbox,
    slots, host_kinds, vitals, lease_expires_at, last_seen_at, created_at,
    (SELECT COUNT(*) FROM jobs j WHERE j.worker_id = w.worker_id AND j.ended_at IS NULL) AS running_jobs
  FROM workers w`;

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

export function workerReads(session: SqliteSession): WorkerReads {
  const one = (where: string, id: string) => {
    const row = session.first<WorkerRow>(`${selectWorker} WHERE status <> 'removed' AND ${where}`, idToBytes(id));
    return row === undefined ? null : toStoredWorker(row);
  };
  return {
    workers: ({ groups, after, limit }) => {
      const rows = session.all<WorkerRow>(
        `${selectWorker} WHERE workspace_id = ?1 AND name > ?2 AND status <> 'removed'
           AND (?3 IS NULL OR lower(worker_group) IN (SELECT value FROM json_each(?3))) ORDER BY name LIMIT ?4`,
        defaultWorkspace,
        after ?? "",
        groups === undefined ? null : JSON.stringify(groups),
        limit + 1,
      );
      const page = rows.slice(0, limit).map(toStoredWorker);
      return { items: page, next: rows.length > limit ? (page.at(-1)?.name ?? null) : null };
    },
    worker: ({ workerId }) => one("worker_id = ?", workerId),
    workerByName: ({ name }) => {
      const row = session.first<WorkerRow>(
        `${selectWorker} WHERE workspace_id = ? AND name = ? AND status <> 'removed'`,
        defaultWorkspace,
        name,
      );
      return row === undefined ? null : toStoredWorker(row);
    },
    workerOfPrincipal: ({ principalId }) => one("principal_id = ?", principalId),
  };
}

export function workerWrites(session: SqliteSession): WorkerWrites {
  return {
    createWorker: (worker) => createWorker(session, worker),
    changeWorker: (change) => changeWorker(session, change),
    removeWorker: (of) => removeWorker(session, of),
    helloWorker: (hello) => helloWorker(session, hello),
    renewLeases: (of) => renewLeases(session, of),
    drainWorker: ({ workerId, instanceId }) => {
      session.run(
        `UPDATE workers SET status = 'draining', unavailable_since = COALESCE(unavailable_since, ?)
         WHERE worker_id = ? AND instance_id = ? AND status = 'connected'`,
        session.now(),
        idToBytes(workerId),
        instanceId,
      );
    },
    workerLeft: ({ workerId, instanceId }) => {
      const id = idToBytes(workerId);
      if (heldJobs(session, id).length === 0) {
        session.run(
          `UPDATE workers SET status = 'disconnected', lease_expires_at = NULL, unavailable_since = COALESCE(unavailable_since, ?)
           WHERE worker_id = ? AND instance_id = ? AND status = 'draining'`,
          session.now(),
          id,
          instanceId,
        );
      }
    },
    expireLeases: () => expireLeases(session),
  };
}

function createWorker(session: SqliteSession, worker: Parameters<WorkerWrites["createWorker"]>[0]): StoredWorker {
  const now = session.now();
  const workerId = session.newId();
  const principalId = session.newId();
  const taken =
    session.first("SELECT 1 FROM workers WHERE workspace_id = ? AND name = ?", defaultWorkspace, worker.name) ??
    session.first(
      "SELECT 1 FROM principals WHERE workspace_id = ? AND kind = 'worker' AND name = ?",
      defaultWorkspace,
      worker.name,
    );
  if (taken !== undefined) {
    throw new UserError("worker-exists", `There is a worker named ${worker.name} already.`, {
      status: 409,
      remedy: "Choose another name, or remove that worker first.",
    });
  }
  const group = ensureWorkerGroup(session, worker.group, worker.createdBy ?? "the service");
  const tags = worker.tags ?? [];
  session.run(
    "INSERT INTO principals (workspace_id, principal_id, kind, name, roles, created_at) VALUES (?, ?, 'worker', ?, ?, ?)",
    defaultWorkspace,
    idToBytes(principalId),
    worker.name,
    JSON.stringify(["worker"]),
    now,
  );
  session.run(
    "INSERT INTO tokens (workspace_id, token_id, principal_id, hash, purpose, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    defaultWorkspace,
    idToBytes(session.newId()),
    idToBytes(principalId),
    worker.tokenHash,
    worker.tokenPurpose,
    now,
  );
  session.run(
    `INSERT INTO workers (workspace_id, worker_id, principal_id, name, worker_group, tags, status, unavailable_since, created_at)
     VALUES (?, ?, ?, ?, ?, ?, 'never-connected', ?7, ?7)`,
    defaultWorkspace,
    idToBytes(workerId),
    idToBytes(principalId),
    worker.name,
    group,
    JSON.stringify(tags),
    now,
  );
  return {
    workerId,
    principalId,
    name: worker.name,
    group,
    tags,
    admission: "open",
    status: "never-connected",
    instanceId: null,
    version: null,
    protocol: null,
    hostName: null,
    sandbox: null,
    slots: 0,
    hostKinds: [],
    runningJobs: 0,
    vitals: null,
    leaseExpiresAt: null,
    lastSeenAt: null,
    createdAt: now,
  };
}

function changeWorker(
  session: SqliteSession,
  change: Parameters<WorkerWrites["changeWorker"]>[0],
): ReturnType<WorkerWrites["changeWorker"]> {
  const workerId = idToBytes(change.workerId);
  const group = change.group === undefined ? null : ensureWorkerGroup(session, change.group, change.changedBy);
  session.run(
    `UPDATE workers SET worker_group = COALESCE(?, worker_group), tags = COALESCE(?, tags), admission = COALESCE(?, admission)
     WHERE worker_id = ? AND status <> 'removed'`,
    group,
    change.tags === undefined ? null : JSON.stringify(change.tags),
    change.admission ?? null,
    workerId,
  );
  if (change.admission !== undefined) {
    session.run(
      `UPDATE workers SET unavailable_since =
         CASE WHEN admission = 'open' AND status = 'connected' THEN NULL ELSE COALESCE(unavailable_since, ?) END
       WHERE worker_id = ?`,
      session.now(),
      workerId,
    );
  }
  const row = session.first<WorkerRow>(`${selectWorker} WHERE status <> 'removed' AND worker_id = ?`, workerId);
  return row === undefined ? null : toStoredWorker(row);
}

function removeWorker(session: SqliteSession, of: { workerId: string }): { principalId: string } | null {
  const workerId = idToBytes(of.workerId);
  const worker = session.first<{ principal_id: Uint8Array; name: string }>(
    "SELECT principal_id, name FROM workers WHERE worker_id = ? AND status <> 'removed'",
    workerId,
  );
  if (worker === undefined) {
    return null;
  }
  session.run("DELETE FROM tokens WHERE principal_id = ?", worker.principal_id);
  if (heldJobs(session, workerId).length === 0) {
    session.run("DELETE FROM workers WHERE worker_id = ?", workerId);
    session.run("DELETE FROM principals WHERE principal_id = ?", worker.principal_id);
  } else {
    // Its name is free at once.
    const former = `${worker.name} (removed, ${of.workerId})`;
    session.run("UPDATE workers SET status = 'removed', name = ? WHERE worker_id = ?", former, workerId);
    session.run("UPDATE principals SET enabled = 0, name = ? WHERE principal_id = ?", former, worker.principal_id);
  }
  return { principalId: bytesToId(worker.principal_id) };
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
