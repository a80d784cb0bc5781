import assert from "node:assert/strict";
import { test } from "node:test";
import { runSchedules } from "./schedules/run-schedules.ts";

test("every time of every schedule has one job or is told as missed, over daylight saving, outages, crashes and clock jumps (a sample of the campaign)", async () => {
  const { violations, started, disturbances } = await runSchedules({
    zones: ["Europe/Paris", "Australia/Lord_Howe"],
    from: "2026-03-01",
    days: 60,
    schedules: 8,
    seed: 7,
  });
  assert.deepEqual(Object.fromEntries(Object.entries(violations).filter(([, found]) => found.length > 0)), {});
  assert.ok(started > 1_000, `${started} jobs`);
  assert.ok(Object.keys(disturbances).length > 2);
});
