import { hash } from "node:crypto";
import { FailureCounts, keepNewest, secondsUntil } from "./failure-counts.ts";
import { networkOf } from "./network-of.ts";

/** Failed attempts are counted for this long, in milliseconds. */
const usualWindow = 15 * 60_000;

/** What fails within a window before the next is made to wait. */
const limits = {
  /** One account from one address. */
  pair: 10,
  /** Whatever accounts, from one address. */
  address: 100,
  /** One account, from whatever addresses; those from which it signed in before are not held up by it. */
  account: 100,
} as const;

/** Pairs that are remembered for having signed in. */
const mostKnown = 10_000;

/**
 * Makes those wait who guess passwords: by account and address, in windows of a quarter of an hour. An attempt counts from its start on,
 * so that many at once gain nothing, and no longer once it has succeeded. Whether an account exists makes no difference to it.
 */
export class SignInThrottle {
  readonly #pairs: FailureCounts;
  readonly #addresses: FailureCounts;
  readonly #accounts: FailureCounts;
  /** Pairs that signed in, the least recent first. */
  readonly #known = new Set<string>();

  constructor(window = usualWindow) {
    this.#pairs = new FailureCounts(limits.pair, window);
    this.#addresses = new FailureCounts(limits.address, window);
    this.#accounts = new FailureCounts(limits.account, window);
  }

  /**
   * An attempt begins: it counts as failed until `succeeded` is told.
   * @returns the seconds to wait instead, or null
   */
  begin(account: string, address: string): number | null {
    const keys = keysOf(account, address);
    const now = performance.now();
    const wait = this.#wait(keys, now);
    if (wait !== null) {
      return wait;
    }
    this.#pairs.add(keys.pair, now);
    this.#addresses.add(keys.address, now);
    this.#accounts.add(keys.account, now);
    return null;
  }

  /** The attempt that began was right: it is forgotten, with those before it of the same account from the same address. */
  succeeded(account: string, address: string): void {
    const keys = keysOf(account, address);
    this.#pairs.forget(keys.pair);
    this.#addresses.takeBack(keys.address);
    this.#accounts.takeBack(keys.account);
    this.#known.delete(keys.pair);
    this.#known.add(keys.pair);
    keepNewest(this.#known, mostKnown);
  }

  #wait(keys: Keys, now: number): number | null {
    const ends = [
      this.#pairs.heldUntil(keys.pair, now),
      this.#addresses.heldUntil(keys.address, now),
      this.#known.has(keys.pair) ? null : this.#accounts.heldUntil(keys.account, now),
    ].filter((end) => end !== null);
    return ends.length === 0 ? null : secondsUntil(Math.max(...ends), now);
  }
}

interface Keys {
  pair: string;
  address: string;
  account: string;
}

/** Names that are the same here are one account's, whatever else a database takes for the same. */
export function comparableName(account: string): string {
  return account.normalize("NFC").toLowerCase();
}

/** Of one length each, whatever was sent. */
function keysOf(account: string, address: string): Keys {
  const one = hash("sha256", comparableName(account), "base64url");
  const network = networkOf(address);
  return { pair: `${one} ${network}`, address: network, account: one };
}
