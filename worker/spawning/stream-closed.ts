import type { Readable } from "node:stream";

/**
 * Resolves when the stream is closed, also when it was before anybody asked: a process may have ended by the time its
 * pipes arrive from the spawner.
 */
export function streamClosed(stream: Readable): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => stream.once("close", () => resolve()));
}
