import { HeldUp } from "../../access/held-up.ts";

/** Milliseconds of a window in which requests are counted. */
const window = 60_000;

/** Callers that are told apart; further ones share what one of them has. */
const mostCallers = 10_000;

export interface LimitSettings {
  /** Requests of one caller within a minute; null for any number. */
  perMinute: number | null;
  /** Requests of one caller under way at once; open event streams are not counted. */
  atOnce: number;
}

/** Far more than programs need, and less than what keeps others waiting. */
export const principalLimits: LimitSettings = { perMinute: 120_000, atOnce: 256 };

/** Of one address, without having signed in: probes, and attempts to sign in. */
export const addressLimits: LimitSettings = { perMinute: 6_000, atOnce: 64 };

interface Caller {
  window: number;
  requests: number;
  underWay: number;
}

/**
 * Keeps one caller from taking the service away from all others: so many requests within a minute, and so many at once. Counting costs
 * a look into a table; what it holds is bounded.
 */
export class RequestLimits {
  readonly #settings: LimitSettings;
  readonly #now: () => number;
  readonly #callers = new Map<string, Caller>();
  readonly #others: Caller = { window: 0, requests: 0, underWay: 0 };

  constructor(settings: LimitSettings, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#now = now;
  }

  /**
   * Lets a request of this caller begin.
   * @returns what ends it; repeating that is harmless
   * @throws HeldUp `too-many-requests` (429)
   */
  begin(name: string): () => void {
    const now = this.#now();
    const caller = this.#of(name, now);
    const current = Math.floor(now / window);
    if (caller.window !== current) {
      caller.window = current;
      caller.requests = 0;
    }
    const { perMinute, atOnce } = this.#settings;
    caller.requests += 1;
    if (perMinute !== null && caller.requests > perMinute) {
      throw heldUp(`more than ${perMinute} requests a minute`, Math.ceil(((current + 1) * window - now) / 1000));
    }
    if (caller.underWay >= atOnce) {
      throw heldUp(`more than ${atOnce} requests at once`, 1);
    }
    caller.underWay += 1;
    let ended = false;
    return () => {
      if (!ended) {
        ended = true;
        caller.underWay -= 1;
      }
    };
  }

  #of(name: string, now: number): Caller {
    const known = this.#callers.get(name);
    if (known !== undefined) {
      return known;
    }
    if (this.#callers.size >= mostCallers) {
      this.#forget(now);
    }
    if (this.#callers.size >= mostCallers) {
      return this.#others;
    }
    const caller: Caller = { window: 0, requests: 0, underWay: 0 };
    this.#callers.set(name, caller);
    return caller;
  }

  /** Those of former windows of whom nothing is under way. */
  #forget(now: number): void {
    const current = Math.floor(now / window);
    for (const [name, caller] of this.#callers) {
      if (caller.underWay === 0 && caller.window !== current) {
        this.#callers.delete(name);
      }
    }
  }
}

function heldUp(what: string, retryAfter: number): HeldUp {
  return new HeldUp("too-many-requests", `The service takes no ${what} from one caller.`, {
    retryAfter,
    remedy: `Wait ${retryAfter} s, and send fewer. Where programs of yours need more, set --request-limit.`,
  });
}
