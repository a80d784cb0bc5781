import { journalProtocolVersion } from "../contract/link/control-frames.ts";
import type { AssignedAttempt, StopOrder } from "../store/operations/jobs.ts";
import type { WorkerDirectory } from "./dispatcher.ts";
import type { RunningAttempts } from "./running-attempts.ts";

/** What workers of this service are told to do with their attempts. What is for a worker of another service is read there. */
export class AttemptOrders {
  readonly #workers: Pick<WorkerDirectory, "connected">;
  readonly #attempts: Pick<RunningAttempts, "noteStop">;

  constructor(workers: Pick<WorkerDirectory, "connected">, attempts: Pick<RunningAttempts, "noteStop">) {
    this.#workers = workers;
    this.#attempts = attempts;
  }

  /** Tells the worker of an attempt to end it, now or as soon as this service has the attempt. */
  stop({ jobId, attempt, workerId }: AssignedAttempt, { reason, force }: StopOrder): void {
    this.#attempts.noteStop({ jobId, attempt, workerId }, { reason, force });
    this.#workers.connected(workerId)?.send({ type: "stop-job", jobId, attempt, reason, force });
  }

  /** Tells the worker of an attempt to suspend it; one of a version that cannot is told nothing. */
  suspend({ jobId, attempt, workerId }: AssignedAttempt): void {
    const worker = this.#workers.connected(workerId);
    if (worker !== undefined && worker.protocol >= journalProtocolVersion) {
      worker.send({ type: "suspend-job", jobId, attempt });
    }
  }

  /** Tells a worker that an attempt is not its own any more. */
  drop({ jobId, attempt, workerId }: AssignedAttempt): void {
    this.#workers.connected(workerId)?.send({ type: "drop-job", jobId, attempt });
  }
}
