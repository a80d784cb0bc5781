import type { DatabaseSync } from "node:sqlite";
import type { LogState } from "./thread-messages.ts";

/*
 * Checkpoints: moving pages from the write-ahead log into the database file, off the hot path.
 *
 * A commit only appends to the log. When the log has grown past `checkpointPages`, a reader's thread moves its pages into
 * the database file (PASSIVE: it waits for nobody and nobody waits for it). While it does, the writer goes on appending, so the
 * log would never be empty under load and grow for ever; therefore the writer then moves the few pages that came meanwhile
 * itself, and its next commit starts the log from the beginning. Should readers have kept it from that until the log is huge,
 * the writer waits for them, `restartWait` at most.
 */

/** Pages in the log at which a checkpoint is due: 8 MiB. */
export const checkpointPages = 2_048;

/** Pages in the log from which the writer waits for readers: 64 MiB. */
export const hugeLogPages = 16_384;

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

/** How large the log is; costs some microseconds. */
export function logState(database: DatabaseSync): LogState {
  return logStateOf(database, "PRAGMA wal_checkpoint(NOOP)");
}

function logStateOf(database: DatabaseSync, pragma: string): LogState {
  const row = database.prepare(pragma).get() as { log: number; checkpointed: number };
  return { pages: Math.max(row.log, 0), checkpointed: Math.max(row.checkpointed, 0) };
}
