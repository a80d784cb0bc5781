import type { Isolation } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import { bytesToId } from "../id-bytes.ts";
import type { ClaimedJob, HostReuse } from "../operations/jobs.ts";
import { toLogSwitches } from "../stored-job.ts";
import { rowsOf } from "./procedure-rows.ts";
import type { StatementResult } from "./session.ts";

interface ClaimedRow {
  position?: number;
  job_id: Uint8Array;
  attempt: number;
  worker_id: Uint8Array;
  placement_id: Uint8Array;
  host_kind: HostKind;
  runbook_id: Uint8Array;
  runbook_name: string;
  runbook_kind: RunbookKind;
  version_id: Uint8Array;
  parameters: string;
  log_switches: number;
  grants: string;
  time_limit: number | null;
  stop_grace: number;
  output_limit: number;
  isolation: Isolation;
  host_reuse: HostReuse;
  starter_id: Uint8Array | null;
  claimed_at: number;
}

/** The jobs that a claim gave, each with the slot that it fills; without it when the claim was looked up. */
export function claimedJobs(result: StatementResult): { position: number | undefined; job: ClaimedJob }[] {
  return rowsOf<ClaimedRow>(result, "claimed").map((row) => ({ position: row.position, job: toClaimedJob(row) }));
}

function toClaimedJob(row: ClaimedRow): ClaimedJob {
  return {
    jobId: bytesToId(row.job_id),
    attempt: row.attempt,
    workerId: bytesToId(row.worker_id),
    placementId: bytesToId(row.placement_id),
    hostKind: row.host_kind,
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    runbookKind: row.runbook_kind,
    versionId: bytesToId(row.version_id),
    parameters: JSON.parse(row.parameters) as Record<string, unknown>,
    logs: toLogSwitches(row.log_switches),
    grants: JSON.parse(row.grants) as Grant[],
    timeLimit: row.time_limit,
    stopGrace: row.stop_grace,
    outputLimit: row.output_limit,
    isolation: row.isolation,
    hostReuse: row.isolation === "runbook" ? row.host_reuse : "never",
    starterId: row.starter_id === null ? null : bytesToId(row.starter_id),
    claimedAt: row.claimed_at,
  };
}
