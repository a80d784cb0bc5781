import type { JobStatus } from "../../contract/job-status.ts";
import type { HostKind } from "../../contract/runbook-kind.ts";
import { bytesToId } from "../id-bytes.ts";
import type { JobEffects } from "../operations/jobs.ts";
import type { StatementResult } from "./session.ts";

/** Parked jobs that one job's end, or one acceptance, lets in at most; the rest has time. */
export const releasedAtOnce = 100;

/** Nothing has happened yet. */
export function noEffects(): JobEffects {
  return { changedJobs: [], queued: [], overAttempts: [], stops: [], ended: [] };
}

/** Rows by which the procedures tell what they did to jobs; see sql/mssql/0002-job-ends.sql. */
type EffectRow =
  | {
      effect: "settled";
      job_id: Uint8Array;
      attempt: number;
      worker_id: Uint8Array | null;
      status: JobStatus;
      placement_id: Uint8Array;
      host_kind: HostKind;
    }
  | { effect: "released"; job_id: Uint8Array; placement_id: Uint8Array; host_kind: HostKind }
  | { effect: "ended"; job_id: Uint8Array; status: JobStatus }
  | { effect: "stopping"; job_id: Uint8Array; attempt: number; worker_id: Uint8Array; reason: string }
  | { effect: "reached"; job_id: Uint8Array };

const effectKinds: ReadonlySet<unknown> = new Set<EffectRow["effect"]>([
  "settled",
  "released",
  "ended",
  "stopping",
  "reached",
]);

/** What a procedure did to jobs. */
export function effectsOf(result: StatementResult): JobEffects {
  const effects = noEffects();
  const changed = new Set<string>();
  const rows = result.recordsets.flat().filter(({ effect }) => effectKinds.has(effect)) as EffectRow[];
  for (const row of rows) {
    const jobId = bytesToId(row.job_id);
    changed.add(jobId);
    switch (row.effect) {
      case "settled":
        noteSettled(effects, jobId, row);
        break;
      case "released":
        effects.queued.push({ placementId: bytesToId(row.placement_id), hostKind: row.host_kind });
        break;
      case "ended":
        effects.ended.push({ jobId, status: row.status });
        break;
      case "stopping":
        effects.stops.push({
          jobId,
          attempt: row.attempt,
          workerId: bytesToId(row.worker_id),
          reason: row.reason,
          force: false,
        });
        break;
      case "reached":
        break;
    }
  }
  effects.changedJobs.push(...changed);
  return effects;
}

/** Notes that a job's row changed. */
export function noteJobChange(effects: JobEffects, jobId: string): void {
  if (!effects.changedJobs.includes(jobId)) {
    effects.changedJobs.push(jobId);
  }
}

/** Adds what another procedure of the same operation did. */
export function addEffects(to: JobEffects, more: JobEffects): void {
  to.changedJobs.push(...more.changedJobs);
  to.queued.push(...more.queued);
  to.overAttempts.push(...more.overAttempts);
  to.stops.push(...more.stops);
  to.ended.push(...more.ended);
}

function noteSettled(effects: JobEffects, jobId: string, row: Extract<EffectRow, { effect: "settled" }>): void {
  if (row.worker_id !== null) {
    effects.overAttempts.push({ jobId, attempt: row.attempt, workerId: bytesToId(row.worker_id) });
  }
  if (row.status === "New") {
    effects.queued.push({ placementId: bytesToId(row.placement_id), hostKind: row.host_kind });
  } else if (row.status !== "Suspended") {
    effects.ended.push({ jobId, status: row.status });
  }
}
