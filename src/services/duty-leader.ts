import type { Logger } from "../contract/logger.ts";
import type { Store } from "../store/store.ts";

/** Milliseconds for which a service has the duties without renewing them. */
const leaseDuration = 3_000;

/** The leader renews this often, the others look this often whether nobody leads, in milliseconds. */
const interval = 1_000;

/** Milliseconds before its lease ends at which a leader that could not renew it stops leading. */
const margin = 500;

const duty = "background";

/** Whether this service does what one of several services should do. */
export interface Leadership {
  readonly leads: boolean;
}

/** Of tests, and wherever there is one service only. */
export const soleLeader: Leadership = { leads: true };

/**
 * Of the services over one database one does the background duties: the one that has the lease, a row that is taken and renewed in
 * one statement by the database's clock. When it dies, another one has the lease within three seconds and a bit; when it stops in
 * order, at once. That is for economy, not for safety: each duty is right when two services do it at once, as they may for a moment
 * when a leader stood still. Where one service alone uses the database, it leads, without a row.
 */
export class DutyLeader implements Leadership {
  readonly #store: Pick<Store, "write" | "isShared">;
  readonly #logger: Logger;
  readonly #holder: string;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;
  /** By the monotonic clock, counted from when the lease was asked for. */
  #leadsUntil = 0;

  /** @param holder names this service, as no other */
  constructor(store: Pick<Store, "write" | "isShared">, holder: string, logger: Logger) {
    this.#store = store;
    this.#holder = holder;
    this.#logger = logger;
  }

  get leads(): boolean {
    return !this.#stopped && (!this.#store.isShared || performance.now() < this.#leadsUntil);
  }

  start(): void {
    if (this.#store.isShared) {
      this.#look();
    }
  }

  /** Gives the duties up. Call it when they have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
    if (this.#leadsUntil > 0) {
      await this.#store.write.releaseDutyLease({ duty, holder: this.#holder }).catch((error: unknown) => {
        this.#logger.warn(
          "the background duties could not be given up; another service takes them when their lease ends",
          {
            error: String(error),
          },
        );
      });
    }
  }

  #look(): void {
    this.#working = this.#take().finally(() => {
      if (!this.#stopped) {
        this.#timer = setTimeout(() => this.#look(), interval);
        this.#timer.unref();
      }
    });
  }

  async #take(): Promise<void> {
    const led = this.leads;
    const asked = performance.now();
    try {
      const has = await this.#store.write.takeDutyLease({ duty, holder: this.#holder, duration: leaseDuration });
      this.#leadsUntil = has ? asked + leaseDuration - margin : 0;
      if (has && !led) {
        this.#logger.info("this service does the background duties", { service: this.#holder });
      } else if (!has && led) {
        this.#logger.info("another service does the background duties", { service: this.#holder });
      }
    } catch (error) {
      this.#logger.warn("the lease of the background duties could not be renewed", { error: String(error) });
    }
  }
}
