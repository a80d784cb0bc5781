import { highestPriority } from "../contract/api/placement.ts";
import type { RunbookAnswer, RunbookRequest } from "../contract/child-runbook.ts";
import { deepestCalls, longestFollow } from "../contract/child-runbook.ts";
import type { AssignedAttempt } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { MayRead } from "./child-versions.ts";
import { followJob } from "./follow-job.ts";
import type { JobFeedSource } from "./job-feed.ts";
import { isEnded } from "./job-transitions.ts";
import type { RunningAttempts } from "./running-attempts.ts";
import { refuseWaitInCircle } from "./waits-in-circle.ts";

export interface AttemptWaitsOptions {
  store: Pick<Store, "read" | "write">;
  attempts: Pick<RunningAttempts, "beginWait" | "waitsFor">;
  source: JobFeedSource;
  /** A worker may have a free slot that it did not have before. */
  slotsFreed(workerId: string): void;
}

/** Running attempts that wait for other jobs. */
export class AttemptWaits {
  readonly #options: AttemptWaitsOptions;

  constructor(options: AttemptWaitsOptions) {
    this.#options = options;
  }

  /**
   * Follows a job for a running one that waits for it: until it has ended or said something, or for as long as the request says.
   * Meanwhile the slot of the one that waits is free for others, and the one that is waited for goes before others.
   * @throws UserError `job-not-found` (404), `waits-for-own-place` (409)
   */
  async followFor(
    waiting: AssignedAttempt,
    { jobId, after, patience }: Extract<RunbookRequest, { action: "follow-job" }>,
    mayRead: MayRead,
  ): Promise<Extract<RunbookAnswer, { next: string | null }>> {
    const { store, attempts, source } = this.#options;
    const job = await source.readJob(jobId);
    if (isEnded(job.status)) {
      return followJob(source, job, after, patience);
    }
    if (job.status === "New" && job.priority <= ((await store.read.job(waiting))?.priority ?? 0)) {
      await this.#hurry(job.jobId, waiting.jobId);
    }
    const isEndless = patience >= longestFollow;
    if (isEndless) {
      const followed = await store.read.job({ jobId: job.jobId });
      await refuseWaitInCircle(store, attempts, { waiting, followed, mayRead });
    }
    const endWait = attempts.beginWait(waiting, isEndless ? job.jobId : null);
    this.#options.slotsFreed(waiting.workerId);
    try {
      return await followJob(source, job, after, patience);
    } finally {
      endWait();
    }
  }

  /** Other people's jobs go when it is their turn, whoever waits for them. */
  async #hurry(jobId: string, waitingJobId: string): Promise<void> {
    const { read, write } = this.#options.store;
    const ancestors = await read.jobAncestors({ jobId, limit: deepestCalls });
    if (ancestors.some((ancestor) => ancestor.jobId === waitingJobId)) {
      // Before the slot is free: else what nobody waits for would have it.
      await write.hurryJob({ jobId, waitingJobId, highest: highestPriority });
    }
  }
}
