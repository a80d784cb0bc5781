import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { v7 as newId } from "uuid";
import { nobody } from "../access/principal.ts";
import { silentLogger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import type { StartedJob } from "../jobs/start-job.ts";
import { soleLeader } from "../services/duty-leader.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import type { RunbookDraft } from "../store/testing/accept-jobs.ts";
import { addRunbook } from "../store/testing/accept-jobs.ts";
import { storedRows, storeTest, temporaryDirectory, temporaryStoreOptions } from "../store/testing/temporary-store.ts";
import { linkParameters } from "./link-secrets.ts";
import { Scheduler } from "./scheduler.ts";

/** A scheduler that leads, whatever others do. */
function leader(store: Store, runbook: RunbookDraft): Scheduler {
  return new Scheduler({
    store,
    logger: silentLogger,
    leadership: soleLeader,
    sealed: linkParameters(null),
    principal: async (principalId) => ({ ...nobody, principalId, roles: ["administrator"] }),
    refuseUnusableCredentials: async () => undefined,
    async startJob({ startedBy, scheduledFor }) {
      const { outcome } = await store.write.acceptJob({
        jobId: newId(),
        runbookId: runbook.runbookId,
        versionId: runbook.versionId,
        versionNumber: 1,
        draft: true,
        parameters: {},
        secretNames: [],
        startedBy,
        scheduledFor: scheduledFor ?? null,
        idempotency: null,
      });
      if (outcome !== "accepted") {
        throw new UserError(outcome === "decided" ? "scheduled-time-decided" : "schedule-changed", outcome);
      }
      return {} as StartedJob;
    },
  });
}

storeTest("several services that all think that they lead start each time of a schedule once", async (t) => {
  const options = await temporaryStoreOptions(t);
  const first = await openStore(options);
  t.after(() => first.close());
  const second = first.isShared ? await openStore({ ...options, dataDirectory: temporaryDirectory(t) }) : first;
  t.after(() => second.close());
  const runbook = await addRunbook(first, "report");
  const { scheduleId } = await first.write.createSchedule({
    name: "seconds",
    description: "",
    enabled: true,
    timeZone: "UTC",
    recurrence: { kind: "cron", expression: "* * * * * *" },
    startsAt: 0,
    expiresAt: null,
    exceptDates: [],
    calendarIds: [],
    jitter: 0,
    misfire: { rule: "run-once" },
    missedAfter: 60_000,
    changedBy: "ann",
  });
  await first.write.createScheduleLink({
    linkId: newId(),
    scheduleId,
    runbookId: runbook.runbookId,
    parameters: {},
    secretNames: [],
    enabled: true,
    priority: null,
    changedBy: "ann",
    creatorId: null,
  });
  const schedulers = [first, second, first].map((store) => leader(store, runbook));
  for (const scheduler of schedulers) {
    scheduler.start();
  }
  while ((await storedRows(options, "jobs")).length < 4) {
    await sleep(100);
  }
  await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
  const due = (await storedRows(options, "jobs")).map(({ due_at }) => Number(due_at)).toSorted((a, b) => a - b);
  assert.deepEqual(
    due,
    due.map((_, index) => (due[0] ?? 0) + index * 1_000),
  );
  assert.equal((await storedRows(options, "scheduled_times")).length, due.length);
});
