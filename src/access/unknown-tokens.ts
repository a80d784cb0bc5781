import { createHmac, randomBytes } from "node:crypto";
import { FailureCounts, keepNewest, secondsUntil } from "./failure-counts.ts";
import { HeldUp } from "./held-up.ts";
import { networkOf } from "./network-of.ts";

/** How made-up tokens are held up. */
export interface UnknownTokenLimits {
  /** Wrong ones of one address within a window before the next waits. */
  perAddress: number;
  /** Of an address whose tokens wait, one is looked up nonetheless when the last look is so many milliseconds ago. */
  trickle: number;
  /** In milliseconds. */
  window: number;
  /** What the database answered of a wrong one is believed for this long, in milliseconds. */
  memory: number;
  /** Whether one that comes again while it is known to be wrong counts as another. */
  countsAgain: boolean;
}

/** Programs that send a wrong token again and again slow down, too. */
const tokenLimits: UnknownTokenLimits = {
  perAddress: 100,
  trickle: 1_000,
  window: 60_000,
  memory: 10_000,
  countsAgain: true,
};

/** Browsers keep the secrets of sessions that are over, and send them by themselves. */
export const sessionLimits: UnknownTokenLimits = { ...tokenLimits, memory: 60_000, countsAgain: false };

/** Tokens that are remembered for being wrong, as many for having been good, and addresses for their last look. */
const mostKept = 10_000;

/**
 * Keeps made-up tokens from costing a look at the database each. A token that was found to be good for nothing is known as that for a
 * moment, and of an address that sends many such ones a trickle is looked up. Tokens that were good here before never wait, so nobody is
 * locked out by others behind the same address; after a restart, when none is known, the trickle lets one after another in. Tokens are
 * remembered by a hash under a key of this process.
 */
export class UnknownTokens {
  readonly #key = randomBytes(32);
  readonly #limits: UnknownTokenLimits;
  readonly #failures: FailureCounts;
  /** Until when they are known as wrong, in milliseconds of the monotonic clock; the oldest first. */
  readonly #wrong = new Map<string, number>();
  readonly #good = new Set<string>();
  /** When the last token of a network was looked up, in milliseconds of the monotonic clock. */
  readonly #looks = new Map<string, number>();
  #changes = 0;

  constructor(limits = tokenLimits) {
    this.#limits = limits;
    this.#failures = new FailureCounts(limits.perAddress, limits.window);
  }

  /**
   * What a token speaks for that nobody remembers: the answer of `lookUp`, unless it is known that this is nothing.
   * @throws UserError `too-many-refusals` (429) instead, where too many wrong ones came from this address
   */
  async lookUp<Found>(token: string, address: string, lookUp: () => Promise<Found | null>): Promise<Found | null> {
    const key = this.#keyOf(token);
    const network = networkOf(address);
    if ((this.#wrong.get(key) ?? 0) > performance.now()) {
      if (this.#limits.countsAgain) {
        this.#refuseHeldUp(network);
        this.#failures.add(network, performance.now());
      }
      return null;
    }
    if (!this.#good.has(key)) {
      if (performance.now() - (this.#looks.get(network) ?? 0) < this.#limits.trickle) {
        this.#refuseHeldUp(network);
      }
      this.#looks.delete(network);
      this.#looks.set(network, performance.now());
      keepNewest(this.#looks, mostKept);
    }
    const changes = this.#changes;
    // Counted before it is known, so that those that come at once are held up as those that come one after another.
    this.#failures.add(network, performance.now());
    const found = await lookUp().catch((error: unknown) => {
      this.#failures.takeBack(network);
      throw error;
    });
    if (found !== null) {
      this.#failures.takeBack(network);
      this.#wrong.delete(key);
      this.#remember(key);
      return found;
    }
    this.#good.delete(key);
    if (changes === this.#changes) {
      this.#wrong.delete(key);
      this.#wrong.set(key, performance.now() + this.#limits.memory);
      keepNewest(this.#wrong, mostKept);
    }
    return null;
  }

  /** A token that was made just now, or proved to be good. */
  noteGood(token: string): void {
    this.#remember(this.#keyOf(token));
  }

  /** Principals or tokens have changed: what was wrong may be good now, such as that of a user who was disabled. */
  forget(): void {
    this.#changes += 1;
    this.#wrong.clear();
  }

  #remember(key: string): void {
    this.#good.delete(key);
    this.#good.add(key);
    keepNewest(this.#good, mostKept);
  }

  #keyOf(token: string): string {
    return createHmac("sha256", this.#key).update(token).digest("base64url");
  }

  #refuseHeldUp(network: string): void {
    const now = performance.now();
    const until = this.#failures.heldUntil(network, now);
    if (until !== null) {
      const wait = secondsUntil(until, now);
      throw new HeldUp(
        "too-many-refusals",
        "Too many requests with tokens that are good for nothing came from this address.",
        {
          retryAfter: wait,
          remedy: `Find the program that sends a wrong token, and wait ${wait} s. Tokens that were good before are not held up.`,
        },
      );
    }
  }
}
