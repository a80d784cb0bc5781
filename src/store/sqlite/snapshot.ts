import { chmodSync, closeSync, fsyncSync, openSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";

/** Pages between two looks at the signal, and two calls of `progress`: 4 MiB. */
const pagesAtOnce = 1_000;

/**
 * Copies the database as the connection sees it at this moment into `file`, which must be absent or empty, and brings it to the disk.
 * Others write meanwhile without waiting, and nothing of what they write is in the copy. The copy belongs to this account alone
 * (0600) and needs no other file beside it.
 * @param progress is given the share that is copied, from 0 to 1.
 * @throws whatever `signal` was aborted with; an SQLite or file system error.
 */
export async function copySnapshot(
  source: DatabaseSync,
  file: string,
  { progress, signal }: { progress?: (share: number) => void; signal?: AbortSignal } = {},
): Promise<void> {
  // Without a transaction of our own the copy would begin anew at every commit of others, and never end.
  source.exec("BEGIN");
  try {
    source.prepare("SELECT COUNT(*) FROM sqlite_schema").get();
    await backup(source, file, {
      rate: pagesAtOnce,
      progress({ totalPages, remainingPages }) {
        signal?.throwIfAborted();
        progress?.(1 - remainingPages / Math.max(totalPages, 1));
      },
    });
  } finally {
    source.exec("ROLLBACK");
  }
  chmodSync(file, 0o600);
  withoutLog(file);
  flushToDisk(file);
}

/** Waits until a file, or the names in a folder, are on the disk. */
export function flushToDisk(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The copy says of itself that it is used with a log, as its original is; then even reading it would make files beside it. */
function withoutLog(file: string): void {
  const copy = new DatabaseSync(file);
  try {
    copy.exec("PRAGMA journal_mode = DELETE");
  } finally {
    copy.close();
  }
}
