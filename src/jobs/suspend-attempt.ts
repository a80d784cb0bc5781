import type { AttemptEnd } from "../contract/link/records-frames.ts";
import type { AssignedAttempt } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import { suspendedByFailure } from "./failed-calls.ts";
import { openWaits, suspensionReason } from "./suspension-reason.ts";

export interface SuspendingStore {
  read: Pick<Store["read"], "job" | "jobSteps">;
  write: Pick<Store["write"], "suspendAttempt">;
}

/** Suspends an attempt's job, with what it waits for; what the attempt wanted kept has to be stored. */
export async function suspendAttempt(
  store: SuspendingStore,
  assigned: AssignedAttempt,
  end: AttemptEnd,
): ReturnType<SuspendingStore["write"]["suspendAttempt"]> {
  const exception = end.exception ?? null;
  const reason =
    exception === null ? await reasonOf(store, assigned.jobId) : `${suspendedByFailure}${exception.message}`;
  return await store.write.suspendAttempt({ ...assigned, reason, exception, endedAt: end.endedAt });
}

async function reasonOf({ read }: SuspendingStore, jobId: string): Promise<string> {
  const [job, steps] = await Promise.all([read.job({ jobId }), read.jobSteps({ jobId, all: false })]);
  return suspensionReason(job, openWaits(steps));
}
