import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { Page } from "../../src/contract/api/page.ts";
import type { ScheduledTimeResource, ScheduleLinkResource } from "../../src/contract/api/schedule.ts";
import { Installation } from "../support/installation.ts";

describe("a schedule whose service is killed", () => {
  test("has one job for each of its times, the kills at their very moments included", async () => {
    await using installation = await Installation.start();
    const { client } = installation;
    const source = Buffer.from("export default function () {}").toString("base64");
    await client.call("POST", "/api/runbooks", { name: "tick", kind: "TypeScript", source, publish: true });
    await client.call("POST", "/api/schedules", {
      name: "seconds",
      recurrence: { kind: "cron", expression: "* * * * * *" },
      misfire: { rule: "run-all", most: 1_000 },
    });
    const link = { schedule: "seconds", runbook: "tick" };
    const { body } = await client.call<ScheduleLinkResource>("POST", "/api/schedule-links", link);
    for (const around of [-1, 1, 4, 12]) {
      await sleep(1_500);
      // Milliseconds before or after a time at which it is due.
      await sleep(1_000 - (Date.now() % 1_000) + around);
      await installation.killServer();
      await installation.restartServer();
    }
    await sleep(2_500);
    await client.call("PATCH", `/api/schedule-links/${body.linkId}`, { enabled: false });
    const times = (await client.call<Page<ScheduledTimeResource>>("GET", "/api/scheduled-times?limit=1000")).body.items;
    const due = times.map(({ dueAt }) => Date.parse(dueAt)).toSorted((a, b) => a - b);
    const [first = 0] = due;
    assert.ok(due.length > 8, `${due.length} times`);
    assert.deepEqual(
      due,
      due.map((_, index) => first + index * 1_000),
      "every second, once",
    );
    assert.deepEqual([...new Set(times.map(({ outcome }) => outcome))], ["started"]);
    const jobs = (await client.call<Page<JobResource>>("GET", "/api/jobs?limit=1000")).body.items;
    assert.deepEqual(jobs.map(({ dueAt }) => dueAt).toSorted(), times.map(({ dueAt }) => dueAt).toSorted());
    assert.deepEqual(jobs.map(({ jobId }) => jobId).toSorted(), times.map(({ jobId }) => jobId ?? "").toSorted());
  });
});
