import { currentActor } from "../actor.ts";
import { auditedOperation } from "../audit/audit-rules.ts";
import type { AuditKey } from "../operations/audit.ts";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import type { SqliteDatabase, StoreStatistics } from "../store.ts";
import { checkpointPages, longLogPages } from "./checkpoint.ts";
import { fromThreadError } from "./thread-error.ts";
import { ThreadLink } from "./thread-link.ts";
import type { FromWriter, GroupAnswers, LogState, WriterStart, WriterTask } from "./thread-messages.ts";
import { threadProgram } from "./thread-program.ts";

/** The page size that a database is made with, in bytes. */
const pageSize = 4096;

/** After a checkpoint that did not help (a full disk, a long read), the next one waits from so many milliseconds to so many. */
const shortestPause = 100;
const longestPause = 10_000;

/** The thread that writes, as the main thread sees it. */
export interface Writer {
  readonly installationId: string;
  readonly database: SqliteDatabase;
  /** Resolves when the thread ended without being asked to. */
  readonly failure: Promise<Error>;
  /** In the name of who acts now; see `actAs`. */
  call(operation: string, argument: unknown, once?: IdempotencyKey): Promise<unknown>;
  /** See `Store.stampAudit`. */
  stampAudit(key: AuditKey): void;
  /**
   * Calls back when the log has grown so much that it should be moved into the database file; not again before that is over, nor
   * soon after one that says it could not be done.
   */
  onCheckpointDue(work: () => Promise<boolean>): void;
  statistics(): Omit<StoreStatistics, "reads" | "pendingReads" | "repeated">;
  close(): Promise<void>;
}

/**
 * Starts the writer.
 * @throws UserError when the database cannot be opened.
 */
export function openWriter(start: WriterStart): Promise<Writer> {
  return new Promise((resolve, reject) => {
    const failure = Promise.withResolvers<Error>();
    const counts = { writes: 0, commits: 0, commitTime: 0, largestGroup: 0 };
    let log: LogState = { pages: 0, checkpointed: 0 };
    let checkpointDue: () => Promise<boolean> = () => Promise.resolve(true);
    let checkpointing = false;
    let pause = 0;
    let notBefore = 0;

    const count = (group: GroupAnswers): void => {
      counts.commits += group.committed > 0 ? 1 : 0;
      counts.commitTime += group.commitTime;
      counts.largestGroup = Math.max(counts.largestGroup, group.committed);
      log = group.log;
    };

    const checkpointWhenDue = async (): Promise<void> => {
      if (checkpointing || performance.now() < notBefore || log.pages - log.checkpointed < checkpointPages) {
        return;
      }
      checkpointing = true;
      try {
        const done = await checkpointDue();
        pause = done ? 0 : Math.min(Math.max(2 * pause, shortestPause), longestPause);
        notBefore = performance.now() + pause;
        if (done && log.pages >= longLogPages) {
          link.task("finish-checkpoint");
        }
      } finally {
        checkpointing = false;
      }
    };

    const link: ThreadLink<WriterTask, FromWriter> = new ThreadLink(threadProgram("writer-thread"), start, {
      message(message) {
        switch (message.type) {
          case "opened":
            resolve(writer(message.installationId, message.database));
            break;
          case "failed":
            reject(fromThreadError(message.error, "open"));
            break;
          case "answers":
            link.settle(message.answers);
            count(message);
            void checkpointWhenDue();
            break;
        }
      },
      ended(error) {
        const reason = error ?? new Error("The store is closed.");
        reject(reason);
        if (error !== undefined) {
          failure.resolve(error);
        }
      },
    });

    const writer = (installationId: string, database: SqliteDatabase): Writer => ({
      installationId,
      database,
      failure: failure.promise,
      call(operation, argument, once) {
        counts.writes += 1;
        // Where nothing is told of the write, nobody's name travels with it.
        const actor = auditedOperation(operation) === undefined ? undefined : currentActor();
        return link.call(operation, argument, once, actor);
      },
      stampAudit: (key) => link.task({ stampAudit: key }),
      onCheckpointDue(work) {
        checkpointDue = work;
      },
      statistics: () => ({
        ...counts,
        pendingWrites: link.pending,
        logBytes: (log.pages - log.checkpointed) * pageSize,
      }),
      close: () => link.close("close"),
    });
  });
}
