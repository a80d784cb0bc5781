import assert from "node:assert/strict";
import { test } from "node:test";
import { ObservedClock } from "./observed-clock.ts";

test("a jump of another machine's clock is told as far as no slow answer explains it, and a slow drift never is", () => {
  const clock = new ObservedClock();
  assert.equal(clock.read(1_000, 0, 10), 0);
  assert.equal(clock.read(6_500, 5_000, 10_000), 0, "a slow answer");
  assert.equal(clock.read(51_010, 10_000, 10_010), 40_000);
  assert.equal(clock.read(52_010, 11_000, 11_010), 0, "once only");
  assert.equal(clock.read(23_000, 12_000, 12_010), -30_000);
  for (let minute = 1; minute <= 600; minute += 1) {
    const now = 12_000 + minute * 60_000;
    assert.ok(Math.abs(clock.read(now + 11_000 + minute * 6, now, now + 10)) < 10);
  }
});
