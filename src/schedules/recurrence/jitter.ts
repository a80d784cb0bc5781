import { createHash } from "node:crypto";

/**
 * Milliseconds, from 0 up to and without `jitter`, by which the run of a link starts later than it is due: each time's own, and the same
 * whoever works it out.
 */
export function jitterOf(linkId: string, dueAt: number, jitter: number): number {
  if (jitter === 0) {
    return 0;
  }
  const hash = createHash("sha256").update(`${linkId} ${dueAt}`).digest();
  return Math.floor((hash.readUInt32BE(0) / 2 ** 32) * jitter);
}
