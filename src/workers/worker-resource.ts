import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { WorkerResource } from "../contract/api/worker.ts";
import type { StoredWorker } from "../store/operations/workers.ts";

/** A worker as the API shows it. */
export function workerResource(worker: StoredWorker): WorkerResource {
  return {
    workerId: worker.workerId,
    name: worker.name,
    group: worker.group,
    tags: worker.tags,
    status: worker.status,
    admission: worker.admission,
    version: worker.version,
    hostName: worker.hostName,
    sandbox: worker.sandbox,
    slots: worker.slots,
    runningJobs: worker.runningJobs,
    hostKinds: worker.hostKinds,
    vitals: worker.vitals,
    lastSeenAt: isoTimeOrNull(worker.lastSeenAt),
    createdAt: isoTime(worker.createdAt),
  };
}
