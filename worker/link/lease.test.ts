import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClockOffset } from "./clock-offset.ts";
import { leaseDeadline, SharedDeadline } from "./lease.ts";
import { monotonicNow } from "./monotonic-now.ts";
import { reconnectDelay } from "./reconnect-delay.ts";
import { MeasuredServiceClock } from "./service-clock.ts";

describe("a lease", () => {
  it("ends for the worker two seconds before it does for the service, from when the heartbeat was sent", () => {
    assert.equal(leaseDeadline(1_000, 6_000), 5_000);
    assert.equal(leaseDeadline(1_000, 30_000), 29_000);
    assert.equal(leaseDeadline(0, 1_500), 1_000);
  });

  it("is seen alike by every thread, and has not lapsed before there was one", () => {
    const deadline = new SharedDeadline();
    assert.equal(deadline.get(), Number.POSITIVE_INFINITY);
    new SharedDeadline(deadline.buffer).set(42);
    assert.equal(deadline.get(), 42);
  });
});

describe("the service's clock", () => {
  it("is told apart from this machine's, however wrong that is, by the sample with the shortest round trip", () => {
    const day = 24 * 60 * 60 * 1000;
    const offset = new ClockOffset();
    const now = monotonicNow();
    const serviceTime = Date.now() + day;
    offset.add(now - 400, now, serviceTime - 350);
    const best = offset.add(now - 2, now, serviceTime - 1);
    const clock = new MeasuredServiceClock();
    clock.set(best);
    assert.ok(Math.abs(clock.now() - Date.now() - day) < 100);
    assert.ok(Math.abs(clock.translate(Date.now() - 5_000) - (clock.now() - 5_000)) < 100);
    assert.ok(clock.translate(Date.now() + day) <= clock.now());
  });
});

describe("reconnecting", () => {
  it("begins at once and then takes its time, never the same for all", () => {
    for (let tries = 0; tries < 50; tries++) {
      const delay = reconnectDelay(tries);
      assert.ok(delay > 0 && delay <= (tries < 30 ? 1_000 : 10_000));
      if (tries === 0) assert.ok(delay <= 50);
    }
    assert.ok(new Set(Array.from({ length: 20 }, () => reconnectDelay(5))).size > 10);
  });
});
