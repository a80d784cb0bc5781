import type { DeniedAttempt, TriedAccount } from "../store/operations/audit.ts";
import type { Principal } from "./principal.ts";

/** What was denied within one window of time. */
export interface DeniedSummary {
  /** Requests with a token or a password that is good for nothing. */
  refused: number;
  /** Requests of somebody who had no right to it. */
  notPermitted: number;
  /** By principal and address, most first; what is beyond the largest of them is told together, as from `others`. */
  attempts: DeniedAttempt[];
  /** Seconds that the window was long. */
  seconds: number;
}

interface Denied {
  /** With a token, or as nobody that there is. */
  refused: number;
  /** With a wrong password, by the id of whose it was to be. */
  tried: Map<string, { account: TriedAccount; count: number }>;
  /** Of those who signed in, by id. */
  notPermitted: Map<string, { principal: Principal; count: number }>;
  since: number;
}

/** Stands for all addresses, and for all principals of one address, that the table has no room for. */
const others = "others";
const principalsKept = 20;
const attemptsTold = 100;

/**
 * Counts what was denied, by principal and address, in windows of a minute: each window with something in it is told once, to the log and
 * to the audit.
 */
export class DeniedAttempts {
  readonly #report: (summary: DeniedSummary) => void;
  readonly #window: number;
  readonly #mostAddresses: number;
  readonly #denied = new Map<string, Denied>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param options `window` in milliseconds; `mostAddresses` that are told apart
   */
  constructor(report: (summary: DeniedSummary) => void, options: { window?: number; mostAddresses?: number } = {}) {
    this.#report = report;
    this.#window = options.window ?? 60_000;
    this.#mostAddresses = options.mostAddresses ?? 1_000;
  }

  tokenRefused(from: string): void {
    this.#of(from).refused += 1;
  }

  /** @param account null where there is no such user */
  signInRefused(from: string, account: TriedAccount | null): void {
    const denied = this.#of(from);
    const { tried } = denied;
    if (account === null || (!tried.has(account.principalId) && tried.size >= principalsKept)) {
      denied.refused += 1;
      return;
    }
    const count = tried.get(account.principalId)?.count ?? 0;
    tried.set(account.principalId, { account, count: count + 1 });
  }

  notPermitted(from: string, principal: Principal): void {
    const { notPermitted } = this.#of(from);
    const isKept = notPermitted.has(principal.principalId) || notPermitted.size < principalsKept;
    const key = isKept ? principal.principalId : others;
    const count = notPermitted.get(key)?.count ?? 0;
    notPermitted.set(key, { principal, count: count + 1 });
  }

  /** Reports what has not been reported. */
  close(): void {
    clearTimeout(this.#timer);
    this.#endWindow();
  }

  #of(from: string): Denied {
    if (this.#denied.size === 0) {
      this.#timer = setTimeout(() => this.#endWindow(), this.#window);
      this.#timer.unref();
    }
    const key = this.#denied.has(from) || this.#denied.size < this.#mostAddresses ? from : others;
    const known = this.#denied.get(key) ?? { refused: 0, tried: new Map(), notPermitted: new Map(), since: Date.now() };
    this.#denied.set(key, known);
    return known;
  }

  #endWindow(): void {
    const attempts = [...this.#denied].flatMap(([address, denied]) => attemptsFrom(address, denied));
    this.#denied.clear();
    if (attempts.length === 0) {
      return;
    }
    const sum = (of: readonly DeniedAttempt[], member: "refused" | "notPermitted") =>
      of.reduce((total, attempt) => total + attempt[member], 0);
    attempts.sort((one, other) => other.refused + other.notPermitted - one.refused - one.notPermitted);
    const rest = attempts.slice(attemptsTold);
    this.#report({
      refused: sum(attempts, "refused"),
      notPermitted: sum(attempts, "notPermitted"),
      attempts: [
        ...attempts.slice(0, attemptsTold),
        ...(rest.length === 0
          ? []
          : [
              {
                ...nobody,
                address: others,
                refused: sum(rest, "refused"),
                notPermitted: sum(rest, "notPermitted"),
                since: Math.min(...rest.map(({ since }) => since)),
              },
            ]),
      ],
      seconds: Math.round(this.#window / 1000),
    });
  }
}

const nobody = { principalId: null, name: null, kind: null, tried: null };

function attemptsFrom(address: string, { refused, tried, notPermitted, since }: Denied): DeniedAttempt[] {
  return [
    ...(refused === 0 ? [] : [{ ...nobody, address, refused, notPermitted: 0, since }]),
    ...[...tried.values()].map(({ account, count }) => ({
      ...nobody,
      address,
      tried: account,
      refused: count,
      notPermitted: 0,
      since,
    })),
    ...[...notPermitted].map(([key, { principal, count }]) => ({
      ...nobody,
      ...(key !== others && { principalId: principal.principalId, name: principal.name, kind: principal.kind }),
      address,
      refused: 0,
      notPermitted: count,
      since,
    })),
  ];
}
