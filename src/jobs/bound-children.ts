import type { Logger } from "../contract/logger.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { JobEffects } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";

export interface BoundChildrenOptions {
  store: Pick<Store, "read">;
  clock: Pick<Clock, "monotonic">;
  logger: Logger;
  /** Whether this service looks for what was left behind. */
  leadership: Leadership;
  /** Stops a job because the one that started it is over. */
  stop(jobId: string, force: boolean): Promise<void>;
}

const stoppedAtOnce = 200;
/** Bound jobs that one read of a sweep looks at. */
const lookedAtOnce = 1_000;
/** Milliseconds between two sweeps. */
const sweepInterval = 60_000;

/**
 * Jobs that are stopped with the one that started them. The service that ends a job, or applies its end, stops its children at once; what
 * it could not, because it was killed in between or a child came as its parent ended, a sweep finds. Children that wait while their
 * parents run cost nothing but that sweep.
 */
export class BoundChildren {
  readonly #options: BoundChildrenOptions;
  #nextSweep = Number.NEGATIVE_INFINITY;

  constructor(options: BoundChildrenOptions) {
    this.#options = options;
  }

  /** Stops the open children of these jobs, whether those have ended or only will. */
  async stopOf(parentJobIds: readonly string[], force: boolean): Promise<void> {
    const { store, stop } = this.#options;
    let after: string | undefined;
    do {
      const children: string[] = await store.read.boundChildren({ parentJobIds, after, force, limit: stoppedAtOnce });
      await Promise.all(children.map((jobId) => stop(jobId, force)));
      after = children.length === stoppedAtOnce ? children.at(-1) : undefined;
    } while (after !== undefined);
  }

  /** Jobs have ended: stops the children of those that did not complete. */
  noteEnds(ended: JobEffects["ended"]): void {
    const over = ended.filter(({ status }) => status === "Stopped" || status === "Failed").map(({ jobId }) => jobId);
    if (over.length > 0) {
      this.stopOf(over, false).catch((error: unknown) => {
        this.#options.logger.error("children of ended jobs could not be stopped; it is tried again", {
          error: String(error),
        });
      });
    }
  }

  /** Stops what should have been stopped with its parent and was not: when this service begins to lead, and then now and then. */
  async sweep(isStopped: () => boolean): Promise<void> {
    const { store, clock, leadership, stop } = this.#options;
    if (!leadership.leads) {
      this.#nextSweep = Number.NEGATIVE_INFINITY;
      return;
    }
    if (clock.monotonic() < this.#nextSweep) {
      return;
    }
    let after: string | null = null;
    do {
      const left: { jobIds: string[]; next: string | null } = await store.read.childrenLeftBehind({
        ...(after !== null && { after }),
        limit: lookedAtOnce,
      });
      for (const jobId of left.jobIds) {
        await stop(jobId, false);
      }
      after = left.next;
    } while (after !== null && leadership.leads && !isStopped());
    this.#nextSweep = clock.monotonic() + sweepInterval;
  }
}
