import type { DatabaseSync } from "node:sqlite";
import type { LogState } from "./thread-messages.ts";

/*
 * Checkpoints: moving pages from the write-ahead log into the database file, off the hot path.
 *
 * A commit only appends to the log. When what is in the log only has grown past `checkpointPages`, a reader's thread moves it into
 * the database file (PASSIVE: it waits for nobody and nobody waits for it), and the next commit starts the log from the
 * beginning. Under load the writer goes on appending meanwhile, so the log is never all moved and would grow for ever; past
 * `longLogPages` the writer therefore moves the last pages itself, right after a reader has moved the most. Should readers even
 * then have kept the log from starting anew until it is huge, the writer waits for them, `restartWait` at most.
 */

/** Pages that only the log has at which a checkpoint is due: 8 MiB. */
export const checkpointPages = 2_048;

/** Pages in the log from which the writer takes part: 16 MiB. */
export const longLogPages = 4_096;

/** Pages in the log from which the writer waits for readers: 64 MiB. */
const hugeLogPages = 16_384;

/** Milliseconds that the writer waits for readers then. */
const restartWait = 100;

/** Moves what can be moved without waiting. */
export function checkpoint(database: DatabaseSync): LogState {
  return logStateOf(database, "PRAGMA wal_checkpoint(PASSIVE)");
}

/** The writer's part: moves the rest, and waits for readers when the log is huge. Not inside a transaction. */
export function finishCheckpoint(database: DatabaseSync): LogState {
  const log = checkpoint(database);
  if (log.pages < hugeLogPages) {
    return log;
  }
  database.exec(`PRAGMA busy_timeout = ${restartWait}`);
  try {
    return logStateOf(database, "PRAGMA wal_checkpoint(RESTART)");
  } finally {
    database.exec("PRAGMA busy_timeout = 5000");
  }
}

/**
 * Does a part of a checkpoint, and says whether that helped. On a full or broken disk the log stays, and nothing is lost; and while
 * somebody reads for long, such as a backup, it cannot begin anew, so that trying again at once would only cost the writer its time.
 */
export function tryCheckpoint(database: DatabaseSync, part: (database: DatabaseSync) => LogState): boolean {
  try {
    const log = part(database);
    return log.pages - log.checkpointed < checkpointPages;
  } catch {
    return false;
  }
}

/** A way to ask how large the log is, null when it cannot be told; prepared once, for it is asked after every group. */
export function logStateReader(database: DatabaseSync): () => LogState | null {
  const statement = database.prepare("PRAGMA wal_checkpoint(NOOP)");
  return () => {
    try {
      return toLogState(statement.get());
    } catch {
      return null;
    }
  };
}

function logStateOf(database: DatabaseSync, pragma: string): LogState {
  return toLogState(database.prepare(pragma).get());
}

function toLogState(row: unknown): LogState {
  const { log, checkpointed } = row as { log: number; checkpointed: number };
  return { pages: Math.max(log, 0), checkpointed: Math.max(checkpointed, 0) };
}
