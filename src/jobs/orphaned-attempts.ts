import type { Logger } from "../contract/logger.ts";
import type { AssignedAttempt } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";
import type { ClaimsUnderWay } from "./claims-under-way.ts";
import type { RunningAttempts } from "./running-attempts.ts";

export interface OrphanedAttemptsOptions {
  store: Pick<Store, "read">;
  attempts: RunningAttempts;
  claims: ClaimsUnderWay;
  logger: Logger;
  allConnected(): ConnectedWorker[];
  /** Milliseconds from its claim in which nothing need be heard of an attempt. */
  patience: number;
  /** Tells its worker that an attempt is not its own. */
  drop(attempt: AssignedAttempt): void;
  putBack(attempt: AssignedAttempt, reason: string): void;
}

/**
 * Attempts that a claim gave to a worker of this service, and that nobody has: the claim was committed, and its answer never came, or
 * the claim itself came late, when it had been looked up already and was taken for not done. They would wait for ever, so they go back
 * to the queue.
 */
export class OrphanedAttempts {
  readonly #options: OrphanedAttemptsOptions;
  /** What nobody had at the last look, each with the claims that had begun by then. */
  #suspects = new Map<string, number>();

  constructor(options: OrphanedAttemptsOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const { store, attempts, claims, patience } = this.#options;
    const links = this.#options.allConnected();
    if (links.length === 0) {
      this.#suspects.clear();
      return;
    }
    const silent = await store.read.silentAttempts({
      links: links.map(({ workerId, instanceId, linkId }) => ({ workerId, instanceId, linkId })),
      age: patience,
    });
    const suspects = new Map<string, number>();
    for (const attempt of silent.filter((one) => !attempts.hasHad(one))) {
      const key = `${attempt.jobId} ${attempt.attempt}`;
      const begun = this.#suspects.get(key);
      // The answer to a claim that had begun when the attempt was seen first may bring it still.
      if (begun !== undefined && claims.areOver(begun)) {
        this.#takeBack(attempt);
      } else {
        suspects.set(key, begun ?? claims.begun);
      }
    }
    this.#suspects = suspects;
  }

  #takeBack(attempt: AssignedAttempt): void {
    const { logger, drop, putBack } = this.#options;
    logger.error("a job was claimed and nobody has it; it is put back", {
      jobId: attempt.jobId,
      attempt: attempt.attempt,
    });
    drop(attempt);
    putBack(attempt, "the answer to its claim was lost");
  }
}
