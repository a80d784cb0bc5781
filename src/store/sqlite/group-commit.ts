import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { doOnce } from "./idempotency.ts";
import type { SqliteSession } from "./session.ts";
import { toThreadError } from "./thread-error.ts";
import type { OperationAnswer, OperationRequest } from "./thread-messages.ts";

/*
 * How a group commit works.
 *
 * A commit waits for the disk, so commits are what limits writing, not statements. The writer therefore shares them: each
 * time it gets to work it takes every request that has arrived by then, runs them one after the other in one transaction,
 * commits once, and only then answers all of them. Requests that arrive meanwhile wait in the thread's port and are the
 * next group. No timer is involved: a request that comes alone is committed alone and at once, and the slower the disk,
 * the larger the groups become by themselves.
 *
 * An operation that throws must not take its neighbours with it. Each one runs inside its own savepoint, to which its
 * failure rolls back; the others go on. The first of a group needs none: while it runs, the transaction is the savepoint.
 *
 * Two failures do concern the whole group. When SQLite gives up the transaction by itself (disk full, I/O error), what ran
 * before is gone too, and when the COMMIT fails, everything is. Then every operation of the group is answered with that
 * error, nothing of it is stored, and the next group starts afresh.
 *
 * So that the first of a group does not wait for too many others, a group ends after a number of operations or after some
 * milliseconds of work, whichever comes first; the rest is the next group.
 */

/** A group takes at most this many operations … */
export const largestGroup = 256;

/** … and starts no further one after this many milliseconds of work. */
export const longestGroup = 4;

/** What became of a group. */
export interface CommittedGroup {
  answers: OperationAnswer[];
  /** How many operations were committed together; 0 when all of them failed. */
  committed: number;
  /** Milliseconds of the COMMIT. */
  commitTime: number;
}

type Operation = (argument: unknown) => unknown;

/** Runs requests in groups, over the one connection that writes. */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #session: SqliteSession;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #audit: AuditTrail | null;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  readonly #rollbackToSavepoint: StatementSync;

  constructor(database: DatabaseSync, session: SqliteSession, operations: object, audit: AuditTrail | null = null) {
    this.#database = database;
    this.#session = session;
    this.#operations = new Map(Object.entries(operations) as [string, Operation][]);
    this.#audit = audit;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
    this.#savepoint = database.prepare("SAVEPOINT operation");
    this.#release = database.prepare("RELEASE operation");
    this.#rollbackToSavepoint = database.prepare("ROLLBACK TO operation");
  }

  /** Takes a group from the front of `waiting`, commits it, and gives the answers in the same order. */
  commitNext(waiting: OperationRequest[]): CommittedGroup {
    const answers: OperationAnswer[] = [];
    const started = performance.now();
    let done = 0;
    let stored = 0;
    try {
      this.#begin.run();
      for (const request of waiting) {
        const answer = this.#runOne(request, stored > 0);
        answers.push(answer);
        done += 1;
        stored += "error" in answer ? 0 : 1;
        if (done >= largestGroup || performance.now() - started >= longestGroup) {
          break;
        }
      }
      const commitStarted = performance.now();
      this.#commit.run();
      waiting.splice(0, done);
      return { answers, committed: stored, commitTime: performance.now() - commitStarted };
    } catch (error) {
      this.#rollBackWhole();
      const failed = waiting.splice(0, Math.max(done, 1));
      const threadError = toThreadError(error);
      return { answers: failed.map(({ id }) => ({ id, error: threadError })), committed: 0, commitTime: 0 };
    }
  }

  /** @throws whatever ended the whole transaction. */
  #runOne(request: OperationRequest, afterOthers: boolean): OperationAnswer {
    if (afterOthers) {
      this.#savepoint.run();
    }
    try {
      const value = this.#call(request);
      if (afterOthers) {
        this.#release.run();
      }
      return { id: request.id, value };
    } catch (error) {
      if (!this.#database.isTransaction) {
        if (afterOthers) {
          throw error;
        }
        this.#begin.run();
      } else if (afterOthers) {
        this.#rollbackToSavepoint.run();
        this.#release.run();
      } else {
        this.#rollback.run();
        this.#begin.run();
      }
      return { id: request.id, error: toThreadError(error) };
    }
  }

  #call(request: OperationRequest): unknown {
    const operation = this.#operations.get(request.operation);
    if (operation === undefined) {
      throw new TypeError(`The store has no write operation ${request.operation}.`);
    }
    const write = () => operation(request.argument);
    const run = () =>
      this.#audit === null ? write() : this.#audit.run(request.operation, request.argument, request.actor, write);
    return request.once === undefined ? run() : this.#callOnce(request.once, run);
  }

  #callOnce(key: IdempotencyKey, run: () => unknown): unknown {
    return doOnce(this.#session, key, run);
  }

  #rollBackWhole(): void {
    if (this.#database.isTransaction) {
      this.#rollback.run();
    }
  }
}
