import assert from "node:assert/strict";
import { test } from "node:test";
import { v7 as newId } from "uuid";
import { systemClock } from "../workers/clock.ts";
import { RunningAttempts } from "./running-attempts.ts";

const hostKind = "node";

function attemptOf(workerId: string) {
  return { jobId: newId(), attempt: 1, workerId, hostKind, claimedAt: 0, timeLimit: null, stopGrace: 1_000 } as const;
}

test("an attempt waits as long as it waits for any job", () => {
  const attempts = new RunningAttempts(systemClock);
  const waiting = attemptOf("worker");
  attempts.add(waiting, true);
  const ends = [attempts.beginWait(waiting), attempts.beginWait(waiting)];
  assert.equal(attempts.waitingOf("worker", hostKind), 1);
  ends[0]?.();
  assert.equal(attempts.waitingOf("worker", hostKind), 1);
  ends[1]?.();
  assert.equal(attempts.waitingOf("worker", hostKind), 0);
});

test("what ends of a link that was lost does not end the wait that its worker began anew", () => {
  const attempts = new RunningAttempts(systemClock);
  const waiting = attemptOf("worker");
  attempts.add(waiting, true);
  const endOfFormer = attempts.beginWait(waiting);
  attempts.add(waiting, false);
  const endOfNew = attempts.beginWait(waiting);
  endOfFormer();
  assert.equal(attempts.waitingOf("worker", hostKind), 1);
  endOfNew();
  assert.equal(attempts.waitingOf("worker", hostKind), 0);
});
