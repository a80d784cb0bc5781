import type { Logger } from "../contract/logger.ts";
import { leaseSafetyMargin } from "../contract/session-limits.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { JobEffects } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import { ObservedClock } from "./observed-clock.ts";

export interface LeaseWatchOptions {
  store: Pick<Store, "write">;
  logger: Logger;
  clock: Clock;
  leadership: Leadership;
  /** The longest lease that this service was told of, in milliseconds. */
  lease: number;
  lost: (workerIds: string[], effects: JobEffects) => void;
}

/** Looks at least this often, in milliseconds: a long lease is no reason to find its end late. */
const longestInterval = 1_500;

/**
 * Takes back what workers hold whose lease has ended. Of several services the one that leads does; the others look on, so that each
 * may judge from the moment on in which it leads.
 *
 * A service may judge that only when its workers had a fair chance to renew: it must have reached the store, without a gap,
 * for one whole lease. A start, a store that did not answer, a process that stood still (SIGSTOP, a frozen machine), a wall
 * clock that jumped and a jump of the database's clock, by which leases end, each begin that time anew; whoever is alive sends a
 * heartbeat long before it is over.
 */
export class LeaseWatch {
  readonly #store: Pick<Store, "write">;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #leadership: Leadership;
  readonly #configured: number;
  /** Groups may have longer ones in the database. */
  #lease: number;
  readonly #lost: (workerIds: string[], effects: JobEffects) => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Since when the store has been reached without a gap, by the monotonic clock. */
  #reachedSince: number | null = null;
  #lastReached = 0;
  /** Wall clock − monotonic clock, when the store was reached last. */
  #offset = 0;
  readonly #databaseClock = new ObservedClock();
  #working: Promise<void> = Promise.resolve();

  constructor({ store, logger, clock, leadership, lease, lost }: LeaseWatchOptions) {
    this.#store = store;
    this.#logger = logger;
    this.#clock = clock;
    this.#leadership = leadership;
    this.#configured = lease;
    this.#lease = lease;
    this.#lost = lost;
  }

  start(): void {
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  #schedule(delay: number): void {
    if (!this.#stopped) {
      this.#timer = setTimeout(() => {
        this.#working = this.#look().finally(() => this.#schedule(Math.min(this.#lease / 4, longestInterval)));
      }, delay);
      this.#timer.unref();
    }
  }

  async #look(): Promise<void> {
    this.#noticeGaps();
    try {
      await this.#readDatabaseClock();
      const mayJudge = this.#reachedSince !== null && this.#clock.monotonic() - this.#reachedSince >= this.#lease;
      if (mayJudge && this.#leadership.leads) {
        const { lost, effects } = await this.#store.write.expireLeases();
        for (const { workerId, name } of lost) {
          this.#logger.warn("the lease of a worker has ended", { workerId, worker: name });
        }
        this.#lost(
          lost.map(({ workerId }) => workerId),
          effects,
        );
      }
      const now = this.#clock.monotonic();
      this.#reachedSince ??= now;
      this.#lastReached = now;
      this.#offset = this.#clock.now() - now;
    } catch (error) {
      this.#reachedSince = null;
      this.#logger.error("the store was not reached, so no lease is judged", { error: String(error) });
    }
  }

  /** Before each judgement: every lease would have ended for a clock that was put forward, as it is where another server takes over. */
  async #readDatabaseClock(): Promise<void> {
    const asked = this.#clock.monotonic();
    const { serviceTime, longestLease } = await this.#store.write.renewLeases({
      workers: [],
      leases: { usual: this.#configured, byGroup: {} },
    });
    this.#lease = Math.max(this.#configured, longestLease);
    const jump = this.#databaseClock.read(serviceTime, asked, this.#clock.monotonic());
    // Half of what workers end their jobs before their leases are over.
    const tolerance = Math.min(leaseSafetyMargin, this.#lease / 3) / 2;
    if (this.#reachedSince !== null && Math.abs(jump) > tolerance) {
      this.#logger.warn("the clock of the database jumped; leases are judged again after one whole lease", {
        milliseconds: Math.round(jump),
      });
      this.#reachedSince = null;
    }
  }

  #noticeGaps(): void {
    if (this.#reachedSince === null) {
      return;
    }
    const now = this.#clock.monotonic();
    const jump = this.#clock.now() - now - this.#offset;
    if (Math.abs(jump) > this.#lease / 2) {
      this.#logger.warn("the clock of this machine jumped; leases are judged again after one whole lease", {
        milliseconds: Math.round(jump),
      });
      this.#reachedSince = null;
    } else if (now - this.#lastReached > this.#lease) {
      this.#logger.warn("the service stood still; leases are judged again after one whole lease", {
        milliseconds: Math.round(now - this.#lastReached),
      });
      this.#reachedSince = null;
    }
  }
}
