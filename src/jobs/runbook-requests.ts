import type { RunbookAnswer, RunbookRequest } from "../contract/child-runbook.ts";
import type { RunbookRequestFrame } from "../contract/link/control-frames.ts";
import type { AssignedAttempt } from "../store/operations/jobs.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";
import type { RunningAttempts } from "./running-attempts.ts";

/** Answers running jobs that have to do with other runbooks and jobs; never rejects. */
export interface RunbookRequestAnswerer {
  answer(attempt: AssignedAttempt, request: RunbookRequest): Promise<RunbookAnswer>;
}

/** Brings what running jobs ask about other runbooks and jobs to who answers that. */
export class RunbookRequests {
  readonly #attempts: Pick<RunningAttempts, "current">;
  #answerer: RunbookRequestAnswerer | null = null;

  constructor(attempts: Pick<RunningAttempts, "current">) {
    this.#attempts = attempts;
  }

  /** Nothing is answered before this was called. */
  answerBy(answerer: RunbookRequestAnswerer): void {
    this.#answerer = answerer;
  }

  /** Answers a worker's request. Nothing is said to one that does not have the job, or has it no more when the answer is there. */
  answer(worker: ConnectedWorker, { requestId, jobId, attempt, request }: RunbookRequestFrame): void {
    const assigned = { jobId, attempt, workerId: worker.workerId };
    if (this.#answerer === null || this.#attempts.current(assigned) === undefined) {
      return;
    }
    void this.#answerer.answer(assigned, request).then((answer) => {
      if (this.#attempts.current(assigned) !== undefined) {
        worker.send({ type: "runbook-answer", requestId, answer });
      }
    });
  }
}
