import type { EndedMessage, JobException } from "../../src/contract/host/host-messages.ts";
import type { AttemptEnd } from "../../src/contract/link/records-frames.ts";
import { describeExit } from "../hosts/host-process.ts";
import type { ProcessExit } from "../sandbox/sandbox.ts";

/** Why an attempt is to end before its script does. */
export interface Ending {
  reason: "stopped" | "time-limit" | "host-lost" | "worker-error";
  exception?: JobException;
}

/** An attempt whose host is gone with all its output, or goes on without it. */
export interface OverAttempt {
  /** What the host said of the end, without secrets; null when it said nothing. */
  told: EndedMessage | null;
  ending: Ending | null;
  /** Null when the host goes on. */
  exit: ProcessExit | null;
  ranOutOfMemory: boolean;
  /** The worker has lost its right to its jobs. */
  leaseLapsed: boolean;
  endedAt: number;
}

/**
 * The truthful end of an attempt.
 * @param mask takes the secrets out of an exception
 */
export function judgeEnd(
  { told, ending, exit, ranOutOfMemory, leaseLapsed, endedAt }: OverAttempt,
  mask: (exception: JobException) => JobException,
): AttemptEnd {
  // What a script did before it was told to end counts; what the worker failed to tell of it does not count as done.
  const completed = told?.outcome === "Completed" && ending?.reason !== "worker-error";
  if (told !== null && (ending === null || completed)) {
    const { type: _, ...rest } = told;
    return { ...rest, reason: told.outcome === "Stopped" ? "stopped" : "script", endedAt };
  }
  if (ending !== null) {
    const outcome = ending.reason === "stopped" ? (told?.outcome ?? "Stopped") : "Failed";
    const exception = ending.exception ?? told?.exception;
    return {
      outcome,
      reason: ending.reason === "stopped" && outcome === "Failed" ? "script" : ending.reason,
      ...(exception === undefined ? {} : { exception: mask(exception) }),
      ...(told?.exitCode === undefined ? {} : { exitCode: told.exitCode }),
      endedAt,
    };
  }
  if (leaseLapsed) return { outcome: "Failed", reason: "host-lost", exception: leaseLost, endedAt };
  if (ranOutOfMemory) {
    const message = "The job was ended by the kernel because its processes held more memory than a job may.";
    return { outcome: "Failed", reason: "host-lost", exception: { name: "MemoryLimitExceeded", message }, endedAt };
  }
  const message =
    exit === null
      ? "The host was over with the job, and did not say how it ended."
      : `The host process ended with ${describeExit(exit)} before the script was over.${hintOf(exit)}`;
  return {
    outcome: "Failed",
    reason: "host-lost",
    exception: { name: "HostLost", message },
    ...(exit === null || exit.code === null ? {} : { exitCode: exit.code }),
    endedAt,
  };
}

/** The end of an attempt that was told to end before it had a host. */
export function endOfWaiting({ reason, exception }: Ending, endedAt: number): AttemptEnd {
  if (reason === "stopped") return { outcome: "Stopped", reason, endedAt };
  return { outcome: "Failed", reason, ...(exception === undefined ? {} : { exception }), endedAt };
}

/** How a job ends over which its worker failed; nothing that the job said is quoted. */
export const workerFault: JobException = {
  name: "WorkerError",
  message: "The worker could not handle what the job's host said, so the job was ended. The worker's log says more.",
};

/** How a job ends whose worker lost its lease. */
export const leaseLost: JobException = {
  name: "LeaseLost",
  message: "The worker was without a link to the service, or hung, for longer than its lease, so the job was ended.",
};

function hintOf(exit: ProcessExit): string {
  if (exit.signal === "SIGKILL")
    return " Something killed it: the script itself, or the machine when it ran out of memory.";
  if (exit.signal === "SIGABRT" || exit.signal === "SIGTRAP")
    return " Its runtime gave up, most often because the script used too much memory.";
  if (exit.signal === "SIGXFSZ") return " The script wrote a larger file than a job may.";
  if (exit.signal === "SIGSYS") return " The script made a system call that no job may make.";
  return "";
}
