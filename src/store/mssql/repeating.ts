import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "../../contract/user-error.ts";
import { ConnectionLost, ConnectionsBusy, isFull, isTransient, SqlError } from "./sql-errors.ts";

/** Milliseconds for which a failing operation is tried again. */
const patience = 5_000;

/** Milliseconds of the first pause; each is twice the one before, up to the longest, and somewhat random, so that victims part. */
const firstPause = 20;
const longestPause = 1_000;

/** What became of the connection to the database. */
export type DatabaseReport = (event: { state: "away" | "back"; reason: string }) => void;

/**
 * Does things again that failed for a reason that goes away: a deadlock, a lost connection, a failover. What is given to it has to
 * stand being done twice (see `WriteRule`), for of a commit under way when the connection broke nobody knows whether it happened.
 */
export class Repeating {
  readonly #report: DatabaseReport;
  #away = false;
  #repeated = 0;

  constructor(report: DatabaseReport) {
    this.#report = report;
  }

  /** How often something was done again. */
  get repeated(): number {
    return this.#repeated;
  }

  /** @throws UserError `database-unavailable` (503), `database-busy` (503), `storage-full` (507); whatever else `work` throws. */
  async until<Result>(work: () => Promise<Result>): Promise<Result> {
    const started = performance.now();
    let maybeDone = false;
    for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
      try {
        const result = await work();
        this.#isBack();
        return result;
      } catch (error) {
        if (error instanceof ConnectionsBusy) {
          throw connectionsBusy(error);
        }
        if (!isTransient(error)) {
          // The server answered, so it is there.
          if (error instanceof SqlError || error instanceof UserError) {
            this.#isBack();
          }
          throw isFull(error) ? storageFull(error) : error;
        }
        maybeDone ||= error instanceof ConnectionLost && error.done === "unknown";
        this.#isAway(error);
        if (performance.now() - started + pause > patience) {
          throw givenUp(error, maybeDone);
        }
        this.#repeated += 1;
        await delay(pause * (0.5 + Math.random()));
      }
    }
  }

  #isAway(error: Error): void {
    if (error instanceof ConnectionLost && !this.#away) {
      this.#away = true;
      this.#report({ state: "away", reason: error.message });
    }
  }

  #isBack(): void {
    if (this.#away) {
      this.#away = false;
      this.#report({ state: "back", reason: "it answers again" });
    }
  }
}

function storageFull(cause: SqlError): UserError {
  return new UserError("storage-full", `The database has no room left, so nothing was stored: ${cause.message}`, {
    status: 507,
    remedy: "Let the database's files or its log grow, or free space in them, then try again.",
    cause,
  });
}

/** Waiting on would only make those wait longer who came later. */
function connectionsBusy(cause: ConnectionsBusy): UserError {
  return new UserError(
    "database-busy",
    "All connections of this service to the database are in use, for seconds now.",
    {
      status: 503,
      remedy:
        "Try again in a moment. If it goes on, let the service have more connections (poolSize=… in the database's URL), or start another service.",
      cause,
    },
  );
}

function givenUp(error: SqlError | ConnectionLost, maybeDone: boolean): UserError {
  if (error instanceof SqlError) {
    return new UserError("database-busy", `The database could not do it for ${patience / 1000} s: ${error.message}`, {
      status: 503,
      remedy: "Try again in a moment. If it goes on, look at what else the database does.",
      cause: error,
    });
  }
  return new UserError(
    "database-unavailable",
    maybeDone
      ? `The connection to the database broke before it said whether the request was carried out: ${error.message}.`
      : `The database does not answer: ${error.message}.`,
    {
      status: 503,
      remedy: maybeDone
        ? "Look whether it was, or repeat the request with the same Idempotency-Key."
        : "Try again in a moment; the server goes on by itself as soon as the database is back.",
      cause: error,
    },
  );
}
