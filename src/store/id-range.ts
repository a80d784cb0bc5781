/** Milliseconds by which the time in a job's id may be away from the time of its acceptance: clocks differ, requests wait. */
const slack = 10_000;

/**
 * Between which ids the jobs accepted in a span of time are: the first 48 bits of an id are the time it was made (RFC 9562 §5.7).
 * The range is somewhat wider than the span, so who needs the span exactly compares the time of acceptance as well.
 * @param since milliseconds since the epoch, inclusive; without it the range begins with the first id
 * @param until milliseconds since the epoch, exclusive; without it the range ends behind the last id
 * @returns 16 bytes each; `from` belongs to the range, `before` does not
 */
export function idRange({ since, until }: { since?: number | undefined; until?: number | undefined }): {
  from: Uint8Array;
  before: Uint8Array;
} {
  return {
    from: since === undefined ? new Uint8Array(16) : firstIdOf(since - slack),
    before: until === undefined ? new Uint8Array(16).fill(0xff) : firstIdOf(until + slack),
  };
}

/** The first id of a millisecond: its 48 bits, then zeros. */
export function firstIdOf(milliseconds: number): Uint8Array {
  const id = Buffer.alloc(16);
  id.writeUIntBE(Math.min(Math.max(0, Math.floor(milliseconds)), 2 ** 48 - 1), 0, 6);
  return new Uint8Array(id);
}
