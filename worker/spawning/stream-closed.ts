import type { Readable } from "node:stream";
import { setImmediate, setTimeout } from "node:timers/promises";

/** A pipe of a process that has ended is held by another if nothing comes for this long, in milliseconds. */
const quietTime = 1_000;
/** The same if more comes than a pipe holds, in bytes. */
const longestRest = 1024 ** 2;

/**
 * Resolves when the stream is closed, also when it was before anybody asked: a process may have ended by the time its
 * pipes arrive from the spawner.
 */
export function streamClosed(stream: Readable): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => stream.once("close", () => resolve()));
}

/**
 * Reads what a process that has ended left in a pipe, to its end. A pipe that another process holds, one that left its tree where
 * nothing keeps it there, has no end: it is closed when what the process left must have come.
 */
export async function streamOver(stream: Readable): Promise<void> {
  let bytes = 0;
  let closed = false;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > longestRest) stream.destroy();
  };
  stream.on("data", count);
  const whenClosed = streamClosed(stream).then(() => {
    closed = true;
  });
  while (!closed) {
    const before = bytes;
    const waiting = new AbortController();
    await Promise.race([whenClosed, setTimeout(quietTime, null, { signal: waiting.signal }).catch(() => {})]);
    waiting.abort();
    // Where this process could not look for so long, what came meanwhile is read first.
    await setImmediate();
    if (!stream.isPaused() && bytes === before) stream.destroy();
  }
}
