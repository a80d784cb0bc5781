import { commandLine, liveProcesses } from "./processes.ts";

/** How often the machine's processes are looked at, in milliseconds. */
const interval = 100;

/** What a script of a test names its process: `process.title = ...`, so that it is known from outside. */
export const attemptTitle = "runsmith-attempt:";

/**
 * Watches, from outside, which attempts have a live process: scripts name theirs `runsmith-attempt:JOB/ATTEMPT`.
 * Two attempts of one job that live at the same time are kept in `overlaps`.
 */
export class LiveAttempts implements Disposable {
  readonly overlaps = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), interval);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const attemptOf = new Map<string, string>();
    for (const { jobId, attempt } of liveAttempts()) {
      const other = attemptOf.get(jobId);
      if (other !== undefined && other !== attempt) this.overlaps.add(`${jobId}: ${other} and ${attempt}`);
      attemptOf.set(jobId, attempt);
    }
  }
}

/** The attempts that live now, with their processes. */
export function liveAttempts(): { jobId: string; attempt: string; processId: number }[] {
  return liveProcesses().flatMap((processId) => {
    const [, jobId, attempt] = /^runsmith-attempt:([0-9a-f-]{36})\/(\d+)/.exec(commandLine(processId)) ?? [];
    return jobId === undefined || attempt === undefined ? [] : [{ jobId, attempt, processId }];
  });
}

/** The process of a job's attempt, if it lives. */
export function processOfJob(jobId: string): number | undefined {
  return liveAttempts().find((attempt) => attempt.jobId === jobId)?.processId;
}
