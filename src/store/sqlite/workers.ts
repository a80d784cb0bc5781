import type { HostKindOffer } from "../../contract/link/control-frames.ts";
import { UserError } from "../../contract/user-error.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { StoredWorker, WorkerReads, WorkerWrites } from "../operations/workers.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { heldJobs, helloWorker } from "./workers-hello.ts";
import { expireLeases, renewLeases } from "./workers-leases.ts";

const selectWorker = `
  SELECT worker_id, principal_id, name, worker_group, status, instance_id, version, host_name, sandbox, slots, host_kinds,
    lease_expires_at, last_seen_at, created_at,
    (SELECT COUNT(*) FROM jobs j WHERE j.worker_id = w.worker_id AND j.ended_at IS NULL) AS running_jobs
  FROM workers w`;

interface WorkerRow {
  worker_id: Uint8Array;
  principal_id: Uint8Array;
  name: string;
  worker_group: string;
  status: StoredWorker["status"];
  instance_id: string | null;
  version: string | null;
  host_name: string | null;
  sandbox: string | null;
  slots: number;
  host_kinds: string;
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
    workers: ({ after, limit }) => {
      const rows = session.all<WorkerRow>(
        `${selectWorker} WHERE workspace_id = ? AND name > ? AND status <> 'removed' ORDER BY name LIMIT ?`,
        defaultWorkspace,
        after ?? "",
        limit + 1,
      );
      const page = rows.slice(0, limit).map(toStoredWorker);
      return { items: page, next: rows.length > limit ? (page.at(-1)?.name ?? null) : null };
    },
    worker: ({ workerId }) => one("worker_id = ?", workerId),
    workerOfPrincipal: ({ principalId }) => one("principal_id = ?", principalId),
  };
}

export function workerWrites(session: SqliteSession): WorkerWrites {
  return {
    createWorker: (worker) => createWorker(session, worker),
    removeWorker: (of) => removeWorker(session, of),
    helloWorker: (hello) => helloWorker(session, hello),
    renewLeases: (of) => renewLeases(session, of),
    drainWorker: ({ workerId, instanceId }) => {
      session.run(
        "UPDATE workers SET status = 'draining' WHERE worker_id = ? AND instance_id = ? AND status = 'connected'",
        idToBytes(workerId),
        instanceId,
      );
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
    `INSERT INTO workers (workspace_id, worker_id, principal_id, name, worker_group, status, created_at)
     VALUES (?, ?, ?, ?, ?, 'never-connected', ?)`,
    defaultWorkspace,
    idToBytes(workerId),
    idToBytes(principalId),
    worker.name,
    worker.group,
    now,
  );
  return {
    workerId,
    principalId,
    name: worker.name,
    group: worker.group,
    status: "never-connected",
    instanceId: null,
    version: null,
    hostName: null,
    sandbox: null,
    slots: 0,
    hostKinds: [],
    runningJobs: 0,
    leaseExpiresAt: null,
    lastSeenAt: null,
    createdAt: now,
  };
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
    status: row.status,
    instanceId: row.instance_id,
    version: row.version,
    hostName: row.host_name,
    sandbox: row.sandbox,
    slots: row.slots,
    hostKinds: JSON.parse(row.host_kinds) as HostKindOffer[],
    runningJobs: row.running_jobs,
    leaseExpiresAt: row.lease_expires_at,
    lastSeenAt: row.last_seen_at,
    createdAt: row.created_at,
  };
}
