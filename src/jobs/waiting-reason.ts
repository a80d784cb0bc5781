import type { HostKind } from "../contract/runbook-kind.ts";
import type { StoredJob } from "../store/operations/jobs.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";

const hostKindNames: Readonly<Record<HostKind, string>> = { node: "TypeScript", pwsh: "PowerShell" };

/** Why a job is held by its runbook's concurrency rule; null when it is not. The same whenever it is asked. */
export function parkedReason(job: StoredJob): string | null {
  if (job.parkedBehind === null) {
    return null;
  }
  return job.parkedBehind === 1
    ? "waits for 1 running job of this runbook"
    : `waits for ${job.parkedBehind} jobs of this runbook that are ahead of it`;
}

/** Why a job waits, as things stand now; null when nothing keeps it. */
export function waitingReason(job: StoredJob, workers: ConnectedWorker[]): string | null {
  if (job.parkedBehind !== null) {
    return parkedReason(job);
  }
  const inGroup = workers.filter((worker) => worker.group === job.workerGroup);
  if (inGroup.length === 0) {
    return `no worker of group ${job.workerGroup} is connected`;
  }
  const able = inGroup.filter((worker) => worker.hostKinds.some(({ kind }) => kind === job.hostKind));
  if (able.length === 0) {
    const reasons = new Set(
      inGroup.flatMap(({ missingHostKinds }) =>
        missingHostKinds.filter(({ kind }) => kind === job.hostKind).map(({ reason }) => reason),
      ),
    );
    const why = reasons.size === 0 ? "" : ` (${[...reasons].join("; ")})`;
    return `no worker offers ${hostKindNames[job.hostKind]}${why}`;
  }
  if (able.every(({ draining }) => draining)) {
    return `every worker that offers ${hostKindNames[job.hostKind]} is shutting down`;
  }
  const slots = able.reduce((sum, worker) => sum + (worker.draining ? 0 : worker.slots), 0);
  return `waits for a free slot (${slots} in all)`;
}
