import type { Isolation } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { AssignedAttempt, ClaimedJob, HostReuse, JobEffects, SlotOffer } from "../operations/jobs.ts";
import { noEffects } from "./jobs-effects.ts";
import { putBackAttempt } from "./jobs-end.ts";
import type { OpenJob } from "./jobs-rows.ts";
import { selectOpenJob, toLogSwitches } from "./jobs-rows.ts";
import type { SqliteSession } from "./session.ts";

interface Offer {
  workerId: string;
  sandbox: string | null;
  slots: number;
  hostKinds: readonly HostKind[];
}

/**
 * See `JobWrites.claimJobs`. A job is claimed by the one statement that takes it out of the queue: a row can be deleted once
 * only, so no two claims ever get the same job. What it costs depends on the slots offered, not on the jobs that wait or
 * have been.
 */
export function claimJobs(
  session: SqliteSession,
  request: { workerGroup: string; offers: SlotOffer[]; limit: number },
): { claimed: ClaimedJob[]; passedOver: string[]; more: HostKind[] } {
  const now = session.now();
  const passedOver: string[] = [];
  const offers: Offer[] = [];
  for (const offer of request.offers) {
    const worker = session.first<{ sandbox: string | null }>(
      "SELECT sandbox FROM workers WHERE worker_id = ? AND instance_id = ? AND status = 'connected' AND lease_expires_at > ?",
      idToBytes(offer.workerId),
      offer.instanceId,
      now,
    );
    if (worker === undefined) {
      passedOver.push(offer.workerId);
    } else if (offer.slots > 0) {
      offers.push({ ...offer, sandbox: worker.sandbox });
    }
  }

  const { takers, more } = shareOut(session, request.workerGroup, offers, request.limit);
  const claimed: ClaimedJob[] = [];
  for (const [hostKind, workers] of takers) {
    const taken = takeFromQueue(session, request.workerGroup, hostKind, workers.length);
    for (const [index, { job_id }] of taken.entries()) {
      const worker = workers[index];
      const job = worker === undefined ? undefined : startAttempt(session, job_id, worker, now);
      if (job !== undefined) {
        claimed.push(job);
      }
    }
  }
  return { claimed, passedOver, more };
}

/** See `JobWrites.putBackJob`. */
export function putBackJob(session: SqliteSession, request: AssignedAttempt & { reason: string }): JobEffects {
  const effects = noEffects();
  const job = assignedJob(session, request);
  if (job !== undefined) {
    putBackAttempt(session, job, session.now(), request.reason, effects);
  }
  return effects;
}

/** The job of an attempt, if that attempt is the current one, open, and this worker's. */
export function assignedJob(session: SqliteSession, of: AssignedAttempt): OpenJob | undefined {
  return session.first<OpenJob>(
    `${selectOpenJob} WHERE job_id = ? AND attempt = ? AND worker_id = ? AND ended_at IS NULL`,
    idToBytes(of.jobId),
    of.attempt,
    idToBytes(of.workerId),
  );
}

/**
 * Decides which worker takes how many jobs of which host kind: between host kinds the older job goes first, between workers
 * the one with more free slots.
 */
function shareOut(session: SqliteSession, workerGroup: string, offers: Offer[], limit: number) {
  const takers = new Map<HostKind, Offer[]>();
  const more: HostKind[] = [];
  const kinds = [...new Set(offers.flatMap(({ hostKinds }) => hostKinds))];
  const waiting = new Map<HostKind, Uint8Array[]>();
  for (const kind of kinds) {
    const slots = offers.reduce((sum, offer) => sum + (offer.hostKinds.includes(kind) ? offer.slots : 0), 0);
    const bound = Math.min(slots, limit);
    const heads = session.all<{ job_id: Uint8Array }>(
      `SELECT job_id FROM job_queue WHERE worker_group = ? AND host_kind = ? ORDER BY priority, tag, job_id LIMIT ?`,
      workerGroup,
      kind,
      bound + 1,
    );
    if (heads.length > 0) {
      waiting.set(kind, heads.map(({ job_id }) => job_id).reverse());
    }
  }

  for (let taken = 0; taken < limit && waiting.size > 0; taken += 1) {
    const kind = [...waiting.entries()].reduce((first, other) =>
      isOlder(other[1].at(-1), first[1].at(-1)) ? other : first,
    )[0];
    const worker = offers
      .filter((offer) => offer.slots > 0 && offer.hostKinds.includes(kind))
      .reduce<Offer | undefined>(
        (best, offer) => (best === undefined || offer.slots > best.slots ? offer : best),
        undefined,
      );
    if (worker === undefined) {
      more.push(kind);
      waiting.delete(kind);
      taken -= 1;
      continue;
    }
    worker.slots -= 1;
    const workers = takers.get(kind);
    if (workers === undefined) {
      takers.set(kind, [worker]);
    } else {
      workers.push(worker);
    }
    const heads = waiting.get(kind);
    heads?.pop();
    if (heads === undefined || heads.length === 0) {
      waiting.delete(kind);
    }
  }
  more.push(...waiting.keys());
  return { takers, more };
}

function isOlder(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) < 0;
}

function takeFromQueue(session: SqliteSession, workerGroup: string, hostKind: HostKind, count: number) {
  const taken = session.all<{ job_id: Uint8Array; tag: number }>(
    `DELETE FROM job_queue WHERE job_id IN (
       SELECT job_id FROM job_queue WHERE worker_group = ? AND host_kind = ? ORDER BY priority, tag, job_id LIMIT ?)
     RETURNING job_id, tag`,
    workerGroup,
    hostKind,
    count,
  );
  taken.sort((a, b) => a.tag - b.tag || Buffer.compare(a.job_id, b.job_id));
  const last = taken.at(-1);
  if (last !== undefined) {
    session.run(
      `INSERT INTO queue_positions (worker_group, host_kind, tag) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET tag = MAX(tag, excluded.tag)`,
      workerGroup,
      hostKind,
      last.tag,
    );
  }
  return taken;
}

interface ClaimedRow {
  runbook_id: Uint8Array;
  runbook_name: string;
  runbook_kind: RunbookKind;
  version_id: Uint8Array;
  worker_group: string;
  host_kind: HostKind;
  attempt: number;
  grants: string;
  time_limit: number | null;
  stop_grace: number;
  output_limit: number;
  log_switches: number;
  isolation: Isolation;
  host_reuse: HostReuse;
  starter_id: Uint8Array | null;
}

function startAttempt(session: SqliteSession, jobId: Uint8Array, worker: Offer, now: number): ClaimedJob | undefined {
  const workerId = idToBytes(worker.workerId);
  const row = session.first<ClaimedRow>(
    `UPDATE jobs SET status = 'Activating', attempt = attempt + 1, worker_id = ?, sandbox = ?, claimed_at = ?, status_reason = NULL,
       isolation = CASE WHEN host_reuse <> 'never' AND ? = 'bubblewrap' THEN 'runbook' ELSE 'job' END
     WHERE job_id = ? AND status = 'New'
     RETURNING runbook_id, runbook_name, runbook_kind, version_id, worker_group, host_kind, attempt, grants, time_limit,
       stop_grace, output_limit, log_switches, isolation, host_reuse, starter_id`,
    workerId,
    worker.sandbox,
    now,
    worker.sandbox,
    jobId,
  );
  if (row === undefined) {
    return undefined;
  }
  session.run(
    "INSERT INTO job_attempts (job_id, attempt, worker_id, claimed_at) VALUES (?, ?, ?, ?)",
    jobId,
    row.attempt,
    workerId,
    now,
  );
  const given = session.first<{ parameters: string }>("SELECT parameters FROM job_parameters WHERE job_id = ?", jobId);
  return {
    jobId: bytesToId(jobId),
    attempt: row.attempt,
    workerId: worker.workerId,
    workerGroup: row.worker_group,
    hostKind: row.host_kind,
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    runbookKind: row.runbook_kind,
    versionId: bytesToId(row.version_id),
    parameters: JSON.parse(given?.parameters ?? "{}") as Record<string, unknown>,
    logs: toLogSwitches(row.log_switches),
    grants: JSON.parse(row.grants) as Grant[],
    timeLimit: row.time_limit,
    stopGrace: row.stop_grace,
    outputLimit: row.output_limit,
    isolation: row.isolation,
    hostReuse: row.isolation === "runbook" ? row.host_reuse : "never",
    starterId: row.starter_id === null ? null : bytesToId(row.starter_id),
    claimedAt: now,
  };
}
