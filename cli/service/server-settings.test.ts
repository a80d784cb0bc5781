import assert from "node:assert/strict";
import { test } from "node:test";
import { Invocation } from "../command.ts";
import { serverSettings } from "./server-settings.ts";

function settingsOf(options: Record<string, unknown>) {
  return serverSettings(new Invocation([], options, "table", async () => []));
}

test("a lease is set for all workers, and for single groups", () => {
  const settings = settingsOf({ lease: ["10s", "remote=1m", "far=2m"] });
  assert.equal(settings.leaseDuration, 10_000);
  assert.deepEqual(settings.leaseDurations, { remote: 60_000, far: 120_000 });
  assert.throws(() => settingsOf({ lease: ["remote="] }), { code: "invalid-duration" });
});

test("ended jobs are kept by age and by number, each of them without limit if so wished", () => {
  assert.deepEqual(settingsOf({}).retention, {});
  assert.deepEqual(settingsOf({ "job-days": "7", "keep-jobs": "1000" }).retention, { jobDays: 7, maximumJobs: 1000 });
  assert.deepEqual(settingsOf({ "job-days": "none", "keep-jobs": "none" }).retention, {
    jobDays: null,
    maximumJobs: null,
  });
  assert.deepEqual(settingsOf({ "purge-every": "5m" }).retention, { purgeInterval: 300_000 });
  assert.throws(() => settingsOf({ "keep-jobs": "many" }), { code: "invalid-number" });
});

test("an installation may grant something to every new runbook", () => {
  assert.equal(settingsOf({}).defaultGrants, undefined);
  assert.deepEqual(settingsOf({ "default-grant": ["network", "path:/srv path:/var/log:rw"] }).defaultGrants, [
    { type: "network" },
    { type: "path", path: "/srv", access: "read" },
    { type: "path", path: "/var/log", access: "write" },
  ]);
  assert.throws(() => settingsOf({ "default-grant": ["everything"] }), { code: "invalid-grant" });
});
