import type { IncomingMessage } from "node:http";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { JobStatus } from "../../src/contract/job-status.ts";
import { endedStatuses } from "../../src/contract/job-status.ts";
import type { JobStreamRecord } from "../../src/contract/stream.ts";
import type { ApiClient } from "../connection/api-client.ts";
import { jobEvents } from "./job-events.ts";

export interface JobFollower {
  record?(record: JobStreamRecord): void | Promise<void>;
  /** The job's state, once at the beginning and at each change. */
  job?(job: JobResource): void | Promise<void>;
}

/**
 * Follows a job until it rests: ended, or suspended. Returns the job as it is then, or null when `signal` came first.
 * `begun`, and what is thrown, are as `jobEvents` says.
 */
export async function followJob(
  api: ApiClient,
  jobId: string,
  follower: JobFollower,
  signal: AbortSignal,
  begun?: IncomingMessage,
): Promise<JobResource | null> {
  for await (const event of jobEvents(api, jobId, { signal, begun })) {
    if (event.type === "record") {
      await follower.record?.(event.record);
    } else {
      await follower.job?.(event.job);
      if (rests(event.job.status)) return event.job;
    }
  }
  return null;
}

function rests(status: JobStatus): boolean {
  return status === "Suspended" || (endedStatuses as readonly JobStatus[]).includes(status);
}
