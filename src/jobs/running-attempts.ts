import type { AssignedAttempt } from "../store/operations/jobs.ts";

/** An attempt that a worker has, as this service knows it. */
export interface RunningAttempt extends AssignedAttempt {
  /** By the database's clock, milliseconds. No record of the attempt is older. */
  claimedAt: number;
  /** That it was told to end, and why. */
  stop: { reason: string; force: boolean } | null;
}

/** The attempts that workers of this service have now. The database knows them too; this is for the moment between. */
export class RunningAttempts {
  readonly #byJob = new Map<string, RunningAttempt>();
  readonly #counts = new Map<string, number>();

  add({ jobId, attempt, workerId, claimedAt }: Omit<RunningAttempt, "stop">): void {
    this.remove(jobId);
    this.#byJob.set(jobId, { jobId, attempt, workerId, claimedAt, stop: null });
    this.#count(workerId, 1);
  }

  /** The attempt, when it is a job's current one and this worker's. */
  current({ jobId, attempt, workerId }: AssignedAttempt): RunningAttempt | undefined {
    const known = this.#byJob.get(jobId);
    return known?.attempt === attempt && known.workerId === workerId ? known : undefined;
  }

  ofJob(jobId: string): RunningAttempt | undefined {
    return this.#byJob.get(jobId);
  }

  /** Removes a job's attempt; with a number, only if it is that one. Says whether it was there. */
  remove(jobId: string, attempt?: number): boolean {
    const known = this.#byJob.get(jobId);
    if (known === undefined || (attempt !== undefined && known.attempt !== attempt)) {
      return false;
    }
    this.#byJob.delete(jobId);
    this.#count(known.workerId, -1);
    return true;
  }

  /** How many a worker has. */
  countOf(workerId: string): number {
    return this.#counts.get(workerId) ?? 0;
  }

  get size(): number {
    return this.#byJob.size;
  }

  #count(workerId: string, change: number): void {
    const count = this.countOf(workerId) + change;
    if (count === 0) {
      this.#counts.delete(workerId);
    } else {
      this.#counts.set(workerId, count);
    }
  }
}
