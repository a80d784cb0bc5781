import type { JobResource } from "../../../../src/contract/api/job.ts";
import { longestFollow } from "../../../../src/contract/child-runbook.ts";
import type { JobException } from "../../../../src/contract/host/host-messages.ts";
import type { JobStatus } from "../../../../src/contract/job-status.ts";
import { endedStatuses } from "../../../../src/contract/job-status.ts";
import type { StreamName } from "../../../../src/contract/stream.ts";
import { askRunbooks } from "./ask-runbooks.ts";
import { followJob } from "./follow-job.ts";
import { WaitTimeout } from "./waits.ts";

/** How a job stands. */
export interface ChildJobState {
  readonly id: string;
  readonly runbook: string;
  readonly status: JobStatus;
  /** What a TypeScript runbook returned; null before its end, and where it returned nothing. */
  readonly result: unknown;
  /** Why it failed; null where it did not. */
  readonly exception: JobException | null;
  readonly exitCode: number | null;
  readonly errorCount: number;
  readonly warningCount: number;
}

/** Something that a job wrote. */
export interface ChildJobRecord {
  readonly stream: StreamName;
  readonly time: Date;
  readonly text: string;
  /** The structured form, where what was written is a single object. */
  readonly value?: unknown;
}

/** A job that this one has started. */
export interface ChildJob {
  readonly id: string;
  /**
   * Waits until it has ended, however it ended, and gives how. Meanwhile this job's slot is free for others, and a durable runbook may be suspended. Rejects
   * with a `WaitTimeout` after `timeout` milliseconds, counted in each attempt; the job goes on then.
   */
  wait(options?: { timeout?: number }): Promise<ChildJobState>;
  /** How it stands now. */
  state(): Promise<ChildJobState>;
  /** What it has written until now: Output, or another stream, or with `any` all of it. */
  output(options?: { stream?: StreamName | "any" }): Promise<ChildJobRecord[]>;
  /** Asks it to end. */
  stop(): Promise<void>;
}

/** The job of this id, which this job's principal may read. */
export function childJob(id: string): ChildJob {
  return {
    id,
    async wait({ timeout = Number.POSITIVE_INFINITY } = {}) {
      const until = performance.now() + timeout;
      for (;;) {
        const left = Math.max(0, Math.min(longestFollow - 1, until - performance.now()));
        const patience = until === Number.POSITIVE_INFINITY ? longestFollow : left;
        const job = jobOf(await followJob({ action: "follow-job", jobId: id, after: null, patience }));
        if (isEnded(job)) return stateOf(job);
        if (performance.now() >= until) throw new WaitTimeout(`The job ${id} did not end in time.`);
      }
    },
    state: async () => stateOf(jobOf(await askRunbooks({ action: "get-job", jobId: id }))),
    async output({ stream = "Output" } = {}) {
      const found: ChildJobRecord[] = [];
      for (let after: string | null = null, more = true; more; ) {
        const answer = await askRunbooks({ action: "read-job", jobId: id, after });
        if (!("records" in answer)) break;
        for (const { stream: of, time, text, value } of answer.records)
          if (stream === "any" || of === stream)
            found.push({ stream: of, time: new Date(time), text, ...(value === undefined ? {} : { value }) });
        after = answer.next;
        more = answer.more;
      }
      return found;
    },
    async stop() {
      await askRunbooks({ action: "stop-job", jobId: id });
    },
  };
}

export function isEnded({ status }: Pick<JobResource, "status">): boolean {
  return (endedStatuses as readonly JobStatus[]).includes(status);
}

function jobOf(answer: object): JobResource {
  return (answer as { job: JobResource }).job;
}

function stateOf(job: JobResource): ChildJobState {
  const { status, result, exception, exitCode, errorCount, warningCount } = job;
  return { id: job.jobId, runbook: job.runbookName, status, result, exception, exitCode, errorCount, warningCount };
}
