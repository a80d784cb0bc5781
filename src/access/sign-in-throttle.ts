import { hash } from "node:crypto";

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

/** Accounts, addresses and pairs that are told apart; the oldest give way, so that nobody fills the memory. */
const mostKept = 10_000;

interface Count {
  failures: number;
  /** By the monotonic clock, in milliseconds. */
  endsAt: number;
}

/**
 * Makes those wait who guess passwords: by account and address, in windows of a quarter of an hour. An attempt counts from its start on,
 * so that many at once gain nothing, and no longer once it has succeeded. Whether an account exists makes no difference to it.
 */
export class SignInThrottle {
  readonly #window: number;
  readonly #pairs = new Map<string, Count>();
  readonly #addresses = new Map<string, Count>();
  readonly #accounts = new Map<string, Count>();
  /** Pairs that signed in, the least recent first. */
  readonly #known = new Set<string>();

  constructor(window = usualWindow) {
    this.#window = window;
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
    this.#count(this.#pairs, keys.pair, now);
    this.#count(this.#addresses, keys.address, now);
    this.#count(this.#accounts, keys.account, now);
    return null;
  }

  /** The attempt that began was right: it is forgotten, with those before it of the same account from the same address. */
  succeeded(account: string, address: string): void {
    const keys = keysOf(account, address);
    this.#pairs.delete(keys.pair);
    for (const [counts, key] of [
      [this.#addresses, keys.address],
      [this.#accounts, keys.account],
    ] as const) {
      const count = counts.get(key);
      if (count !== undefined) {
        count.failures -= 1;
      }
    }
    this.#known.delete(keys.pair);
    this.#known.add(keys.pair);
    keepNewest(this.#known);
  }

  #wait(keys: Keys, now: number): number | null {
    const ends = [
      endOf(this.#pairs.get(keys.pair), limits.pair, now),
      endOf(this.#addresses.get(keys.address), limits.address, now),
      this.#known.has(keys.pair) ? null : endOf(this.#accounts.get(keys.account), limits.account, now),
    ].filter((end) => end !== null);
    return ends.length === 0 ? null : Math.max(1, Math.ceil((Math.max(...ends) - now) / 1000));
  }

  #count(counts: Map<string, Count>, key: string, now: number): void {
    const count = counts.get(key);
    if (count !== undefined && count.endsAt > now) {
      count.failures += 1;
      return;
    }
    counts.delete(key);
    counts.set(key, { failures: 1, endsAt: now + this.#window });
    keepNewest(counts);
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

/** A household or a machine with IPv6 has a whole /64 to come from. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(":")) {
    return (mapped ?? address).slice(0, 64);
  }
  const [head = "", tail] = address.replace(/%.*$/, "").toLowerCase().split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const last = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - last.length);
  return [...groups, ...Array<string>(zeros).fill("0"), ...last]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")
    .slice(0, 64);
}

function endOf(count: Count | undefined, limit: number, now: number): number | null {
  return count !== undefined && count.endsAt > now && count.failures >= limit ? count.endsAt : null;
}

function keepNewest(kept: Map<string, unknown> | Set<string>): void {
  if (kept.size > mostKept) {
    const oldest = kept.keys().next().value;
    if (oldest !== undefined) {
      kept.delete(oldest);
    }
  }
}
