/** What was denied within one window of time, for the log. */
export interface DeniedSummary {
  /** Requests with a token that is unknown, expired or revoked. */
  refusedTokens: number;
  /** Requests with a good token whose principal does not hold the role. */
  missingRoles: number;
  /** The addresses with the most of them, most first. */
  addresses: { from: string; attempts: number; names: string[] }[];
  /** Seconds that the window was long. */
  seconds: number;
}

interface Denied {
  refusedTokens: number;
  missingRoles: number;
  /** Of the principals that lacked a role. */
  names: Set<string>;
}

/** Stands for all addresses that the table has no room for. */
const others = "others";
const namesKept = 5;
const addressesTold = 10;

/**
 * Counts what was denied, by the caller's address and in windows of a minute: each window with something in it is one line of
 * the log, and an address with too many wrong tokens is told to wait. A good token is never made to wait for the wrong ones of
 * others behind the same address, so nobody can be locked out.
 */
export class DeniedAttempts {
  readonly #report: (summary: DeniedSummary) => void;
  readonly #window: number;
  readonly #mostTokens: number;
  readonly #mostAddresses: number;
  readonly #denied = new Map<string, Denied>();
  #timer: NodeJS.Timeout | undefined;
  #endsAt = 0;

  /**
   * @param options `window` in milliseconds; `mostTokens` wrong ones of an address in a window; `mostAddresses` that are told apart
   */
  constructor(
    report: (summary: DeniedSummary) => void,
    options: { window?: number; mostTokens?: number; mostAddresses?: number } = {},
  ) {
    this.#report = report;
    this.#window = options.window ?? 60_000;
    this.#mostTokens = options.mostTokens ?? 100;
    this.#mostAddresses = options.mostAddresses ?? 1_000;
  }

  /** @returns the seconds that the caller has to wait, or null while its wrong tokens are few */
  tokenRefused(from: string): number | null {
    const denied = this.#of(from);
    denied.refusedTokens += 1;
    return denied.refusedTokens <= this.#mostTokens
      ? null
      : Math.max(1, Math.ceil((this.#endsAt - performance.now()) / 1000));
  }

  roleMissing(from: string, name: string): void {
    const denied = this.#of(from);
    denied.missingRoles += 1;
    if (denied.names.size < namesKept) {
      denied.names.add(name);
    }
  }

  /** Reports what has not been reported. */
  close(): void {
    clearTimeout(this.#timer);
    this.#endWindow();
  }

  #of(from: string): Denied {
    if (this.#denied.size === 0) {
      this.#endsAt = performance.now() + this.#window;
      this.#timer = setTimeout(() => this.#endWindow(), this.#window);
      this.#timer.unref();
    }
    const key = this.#denied.has(from) || this.#denied.size < this.#mostAddresses ? from : others;
    const known = this.#denied.get(key) ?? { refusedTokens: 0, missingRoles: 0, names: new Set() };
    this.#denied.set(key, known);
    return known;
  }

  #endWindow(): void {
    const all = [...this.#denied];
    this.#denied.clear();
    if (all.length === 0) {
      return;
    }
    const attemptsOf = ({ refusedTokens, missingRoles }: Denied) => refusedTokens + missingRoles;
    this.#report({
      refusedTokens: all.reduce((sum, [, denied]) => sum + denied.refusedTokens, 0),
      missingRoles: all.reduce((sum, [, denied]) => sum + denied.missingRoles, 0),
      addresses: all
        .map(([from, denied]) => ({ from, attempts: attemptsOf(denied), names: [...denied.names] }))
        .sort((a, b) => b.attempts - a.attempts)
        .slice(0, addressesTold),
      seconds: Math.round(this.#window / 1000),
    });
  }
}
