import type { Actor } from "../actor.ts";
import type { AuditKey } from "../operations/audit.ts";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import type { SqliteDatabase } from "../store.ts";

/* What the main thread and the database's threads say to each other. */

/** One operation asked for. `id` is unique within the thread it goes to. */
export interface OperationRequest {
  id: number;
  operation: string;
  argument: unknown;
  /** The operation is to be done at most once under this key. */
  once?: IdempotencyKey;
  /** In whose name; left out for the service itself. */
  actor?: Actor;
}

/** How one operation went. */
export type OperationAnswer = { id: number; value: unknown } | { id: number; error: ThreadError };

/** An error as it crosses the thread border: a UserError in its parts, or the database's or anything else with its stack. */
export type ThreadError =
  | {
      type: "user";
      code: string;
      message: string;
      status: number;
      remedy: string | undefined;
      errors: { pointer: string; message: string }[] | undefined;
    }
  | { type: "database"; refusesValues: boolean; message: string; stack: string }
  | { type: "other"; name: string; message: string; stack: string };

/** The write-ahead log: its pages, and how many of them are in the database file already. */
export interface LogState {
  pages: number;
  checkpointed: number;
}

/** What the writer is started with. */
export interface WriterStart {
  dataDirectory: string;
  migrationsDirectory: string;
}

/** To the writer: the operations of one turn of the event loop, or one of its own tasks. */
export type ToWriter = OperationRequest[] | WriterTask;

export type WriterTask = "finish-checkpoint" | "close" | { stampAudit: AuditKey };

/** From the writer: first whether it is open (if not, it ends); then the answers of each group. */
export type FromWriter = WriterOpened | OpeningFailed | GroupAnswers;

export interface WriterOpened {
  type: "opened";
  database: SqliteDatabase;
  installationId: string;
}

export interface OpeningFailed {
  type: "failed";
  error: ThreadError;
}

export interface GroupAnswers {
  type: "answers";
  answers: OperationAnswer[];
  /** Operations committed together; 0 when nothing was. */
  committed: number;
  /** Milliseconds of the COMMIT. */
  commitTime: number;
  /** As it was before this group. */
  log: LogState;
}

/** What a reader is started with. */
export interface ReaderStart {
  databaseFile: string;
}

/** To a reader: operations, or the task to move the log into the database file. */
export type ToReader = OperationRequest[] | "checkpoint" | "close";

/** From a reader. */
export type FromReader =
  | OpeningFailed
  | { type: "answers"; answers: OperationAnswer[] }
  | { type: "checkpointed"; done: boolean };
