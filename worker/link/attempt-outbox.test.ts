import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AppendFrame } from "../../src/contract/link/records-frames.ts";
import { recordBatchBytes } from "../../src/contract/session-limits.ts";
import { AttemptOutbox } from "./attempt-outbox.ts";

const attempt = { jobId: "01a1fa86-e78f-748b-bbb4-239a3d8d64c4", attempt: 2 };
const end = { outcome: "Completed", reason: "script", endedAt: 1 } as const;
const unlimited = Number.POSITIVE_INFINITY;

function outboxWith(count: number, length = 10): AttemptOutbox {
  const outbox = new AttemptOutbox(attempt, () => {});
  for (let number = 1; number <= count; number++)
    outbox.add(number, JSON.stringify({ number, text: "x".repeat(length) }));
  return outbox;
}

function frameOf(batch: { text: string } | null): AppendFrame {
  assert.ok(batch !== null);
  return JSON.parse(batch.text) as AppendFrame;
}

const numbersOf = (frame: AppendFrame): number[] => frame.records.map(({ number }) => number);

describe("an outbox", () => {
  it("sends each record once on a connection, and the end with the last", () => {
    const outbox = outboxWith(3);
    assert.deepEqual(numbersOf(frameOf(outbox.next(unlimited))), [1, 2, 3]);
    assert.equal(outbox.next(unlimited), null);
    outbox.add(4, '{"number":4,"text":""}');
    outbox.end(end);
    const frame = frameOf(outbox.next(unlimited));
    assert.deepEqual(numbersOf(frame), [4]);
    assert.deepEqual(frame.ended, end);
    assert.deepEqual([frame.jobId, frame.attempt], [attempt.jobId, attempt.attempt]);
    assert.equal(outbox.next(unlimited), null);
  });

  it("lets the last records wait for the end once the script is over, but never the first", () => {
    const outbox = outboxWith(1);
    outbox.expectEnd();
    assert.equal(outbox.awaitsEnd, false);
    outbox.next(unlimited);
    assert.equal(outbox.awaitsEnd, true);
    outbox.acknowledge(1, false);
    outbox.add(2, '{"number":2,"text":""}');
    assert.equal(outbox.awaitsEnd, true);
    outbox.end(end);
    assert.equal(outbox.awaitsEnd, false);
    assert.deepEqual(numbersOf(frameOf(outbox.next(unlimited))), [2]);
  });

  it("sends again, in order, what was not acknowledged, and the end, on a new connection", () => {
    const outbox = outboxWith(3);
    outbox.end(end);
    outbox.next(unlimited);
    assert.deepEqual(outbox.acknowledge(2, false).complete, false);
    outbox.rewind();
    const frame = frameOf(outbox.next(unlimited));
    assert.deepEqual(numbersOf(frame), [3]);
    assert.deepEqual(frame.ended, end);
    assert.equal(outbox.acknowledge(3, true).complete, true);
  });

  it("holds to its credit, except that one record always goes alone", () => {
    const outbox = outboxWith(4, 1000);
    const size = Buffer.byteLength(JSON.stringify({ number: 1, text: "x".repeat(1000) }));
    assert.deepEqual(numbersOf(frameOf(outbox.next(2 * size))), [1, 2]);
    assert.equal(outbox.next(0), null);
    assert.deepEqual(outbox.acknowledge(2, false).freed, 2 * size);
    assert.deepEqual(numbersOf(frameOf(outbox.next(10))), [3]);
    assert.equal(outbox.next(10), null);
    assert.equal(outbox.heldBytes, 2 * size);
  });

  it("sends large output in frames of bounded size", () => {
    const outbox = outboxWith(10, recordBatchBytes / 4);
    const first = outbox.next(unlimited);
    assert.ok(first !== null && first.bytes <= recordBatchBytes);
    assert.deepEqual(numbersOf(frameOf(first)), [1, 2, 3]);
  });

  it("tells the end of an attempt that said nothing", () => {
    const outbox = new AttemptOutbox(attempt, () => {});
    outbox.end(end);
    assert.deepEqual(frameOf(outbox.next(0)).records, []);
    assert.equal(outbox.acknowledge(0, true).complete, true);
  });

  it("tells when its attempt began with the first frame, again on a new connection, and no more once that was acknowledged", () => {
    const times = { hostReadyAt: 1, runningAt: 2 };
    const outbox = new AttemptOutbox(attempt, () => {});
    outbox.begin(times);
    outbox.add(1, '{"number":1,"text":""}');
    assert.deepEqual(frameOf(outbox.next(unlimited)).times, times);
    outbox.rewind();
    assert.deepEqual(frameOf(outbox.next(unlimited)).times, times);
    outbox.add(2, '{"number":2,"text":""}');
    assert.equal(frameOf(outbox.next(unlimited)).times, undefined);
    outbox.acknowledge(1, false);
    outbox.rewind();
    const frame = frameOf(outbox.next(unlimited));
    assert.deepEqual([frame.times, numbersOf(frame)], [undefined, [2]]);
  });
});
