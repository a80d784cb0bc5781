import type { AttemptRow, JobHistory } from "./job-history.ts";
import type { Outages, Silence } from "./outages.ts";

/** What must hold of a history of jobs whose workers were silent at times. */
export const leaseInvariants = [
  "the end of a job is visible within lease + 4 s of its worker's death",
  "no job is open under a dead lease",
] as const;

export type LeaseInvariant = (typeof leaseInvariants)[number];

/** Milliseconds, beyond the lease, until what a silent worker held has ended. */
const slack = 4_000;

export interface LeaseExamination {
  violations: Record<LeaseInvariant, string[]>;
  /** Attempts whose workers died and whose end was due while services were there. */
  measured: number;
  /** Of these, the longest time to the end, in milliseconds, from the worker's death, or from when a service was there. */
  longest: number;
}

interface HeldAttempt extends AttemptRow {
  jobId: string;
}

/**
 * Examines what became of the attempts that workers held when they fell silent. The end of a job that may be handed out again is the end
 * of its attempt: from then on it waits for another one.
 * @param lease in milliseconds
 */
export function examineLeases(history: JobHistory, outages: Outages, lease: number): LeaseExamination {
  const [death, open] = leaseInvariants;
  const examination: LeaseExamination = { violations: { [death]: [], [open]: [] }, measured: 0, longest: 0 };
  const attemptsOf = attemptsByWorker(history);
  for (const silence of outages.silences) {
    const held = (attemptsOf.get(silence.workerId.replaceAll("-", "")) ?? []).filter((attempt) =>
      isHeld(attempt, silence),
    );
    const due = outages.dueEnd(silence.from, lease, slack);
    for (const attempt of held) {
      const name = `${attempt.jobId}/${attempt.attempt}`;
      if (attempt.claimed_at > silence.from + lease + slack)
        examination.violations[open].push(`${name} was claimed ${after(attempt.claimed_at, silence)}`);
      // A worker that goes on before may keep what it has.
      if (due === null || (!silence.isDead && silence.until < due)) continue;
      const endedAt = attempt.ended_at ?? Number.POSITIVE_INFINITY;
      if (endedAt > due) {
        const allowed = `, not within ${seconds(due - silence.from)}`;
        examination.violations[silence.isDead ? death : open].push(
          `${name} ended ${after(endedAt, silence)}${allowed}`,
        );
      }
      if (silence.isDead) {
        examination.measured += 1;
        examination.longest = Math.max(examination.longest, endedAt - (due - lease - slack));
      }
    }
  }
  examination.violations[open].push(...openAtTheEnd(history));
  return examination;
}

/** By worker, with the times of this machine's clock. */
function attemptsByWorker(history: JobHistory): Map<string, HeldAttempt[]> {
  const attempts = history.jobs.flatMap(({ id }) =>
    history.attemptsOf(id).map((attempt) => ({
      ...attempt,
      jobId: id,
      claimed_at: attempt.claimed_at - history.clockAhead,
      ended_at: attempt.ended_at === null ? null : attempt.ended_at - history.clockAhead,
    })),
  );
  return Map.groupBy(attempts, ({ worker_id }) => worker_id);
}

/** Whether it was open when its worker fell silent, or was claimed for it while it was. */
function isHeld({ claimed_at, ended_at }: AttemptRow, { from, until }: Silence): boolean {
  return claimed_at < until && (ended_at ?? Number.POSITIVE_INFINITY) > from;
}

function openAtTheEnd({ jobs, workers, now }: JobHistory): string[] {
  const living = new Set(workers.filter(({ lease_expires_at }) => (lease_expires_at ?? 0) > now).map(({ id }) => id));
  return jobs
    .filter(({ worker_id, ended_at }) => ended_at === null && worker_id !== null && !living.has(worker_id))
    .map(({ id, status }) => `${id} is ${status} at the end`);
}

function after(time: number, { from, isDead }: Silence): string {
  return `${seconds(time - from)} after its worker ${isDead ? "died" : "stood still"}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
