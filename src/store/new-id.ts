import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** Fetched for many ids at once: asking for 16 bytes costs more than all else about an id. */
const random = new Uint8Array(4096);
let used = random.length;

let lastTime = 0;
let lastSequence = 0;

/**
 * A new UUIDv7, canonical text. One made later by this thread sorts later, also within the same millisecond and when the clock went
 * back; Node's own are in no order then.
 */
export function newId(): string {
  const bytes = nextRandom();
  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    // Half of its range is left for the ids that follow.
    lastSequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) >>> 1;
  } else {
    lastSequence = (lastSequence + 1) | 0;
    if (lastSequence === 0) {
      lastTime += 1;
    }
  }
  return v7({ random: bytes, msecs: lastTime, seq: lastSequence });
}

/** When an id was made: its first 48 bits (RFC 9562 §5.7), milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function nextRandom(): Uint8Array {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += 16;
  return random.subarray(used - 16, used);
}
