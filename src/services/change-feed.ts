import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../contract/logger.ts";
import type { Changes } from "../store/operations/changes.ts";
import type { Store } from "../store/store.ts";

/**
 * How much this service wants to know of what others do: `live` while somebody here follows what happens elsewhere, `ready` while its
 * workers have jobs or may have some, `idle` otherwise.
 */
export type Interest = "live" | "ready" | "idle";

/** Milliseconds between two looks. A reader waits for one of them at most, besides the look itself. */
const pauses: Readonly<Record<Interest, number>> = { live: 25, ready: 50, idle: 1_000 };

/** Changed jobs of one look. */
const mostAtOnce = 1_000;

/** After a look that failed, in milliseconds. */
const retryPause = 500;

export interface ChangeFeedOptions {
  store: Pick<Store, "read" | "isShared">;
  logger: Logger;
  interest(): Interest;
  /** Acts on what was read, at once: a stop in the next look must not wait. */
  take(changes: Pick<Changes, "jobs" | "revokedTokens">): void;
}

/**
 * Tells what other services over the same database did: reads, again and again, what was committed since it looked last. One query of
 * one index, whatever the history holds. Where one service has the database to itself it does nothing.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  #following: Promise<void> | undefined;
  #pause = new AbortController();
  #interest: Interest = "idle";
  #stopped = false;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.store.isShared) {
      this.#following ??= this.#follow();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pause.abort();
    await this.#following;
  }

  /** The interest may be larger than it was: a long pause ends. */
  hurry(): void {
    if (this.#interest === "idle") {
      this.#pause.abort();
    }
  }

  async #follow(): Promise<void> {
    const { store, logger, interest, take } = this.#options;
    let after: string | null = null;
    while (!this.#stopped) {
      let wait = 0;
      try {
        const { position, jobs, revokedTokens, more }: Changes = await store.read.changesSince({
          after,
          limit: mostAtOnce,
        });
        after = position;
        if (jobs.length > 0 || revokedTokens.length > 0) {
          take({ jobs, revokedTokens });
        }
        this.#interest = interest();
        wait = more ? 0 : pauses[this.#interest];
      } catch (error) {
        logger.error("what other services did could not be read; tried again", { error: String(error) });
        wait = retryPause;
      }
      if (wait > 0 && !this.#stopped) {
        this.#pause = new AbortController();
        await delay(wait, undefined, { signal: this.#pause.signal, ref: false }).catch(() => undefined);
      }
    }
  }
}
