import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import type { AcceptedJob } from "./operations/jobs.ts";
import type { SeenLink, StoredSchedule, StoredScheduleLink, StoredScheduleSettings } from "./operations/schedules.ts";
import type { Store } from "./store.ts";
import type { RunbookDraft } from "./testing/accept-jobs.ts";
import { addRunbook } from "./testing/accept-jobs.ts";
import { storedRows, storeTest, temporaryStore } from "./testing/temporary-store.ts";

const settings: StoredScheduleSettings = {
  description: "",
  enabled: true,
  timeZone: "Europe/Paris",
  recurrence: { kind: "days", every: 1, at: ["07:30"] },
  startsAt: Date.UTC(2026, 0, 1),
  expiresAt: null,
  exceptDates: ["2026-12-24"],
  calendarIds: [],
  jitter: 0,
  misfire: { rule: "run-once" },
  missedAfter: 60_000,
};

const dueAt = Date.UTC(2026, 5, 1, 5, 30);

function addSchedule(store: Store, more: Partial<StoredScheduleSettings> & { name?: string } = {}) {
  return store.write.createSchedule({ ...settings, name: "morning", changedBy: "ann", ...more });
}

function addLink(store: Store, schedule: StoredSchedule, runbookId: string): Promise<StoredScheduleLink> {
  return store.write.createScheduleLink({
    linkId: newId(),
    scheduleId: schedule.scheduleId,
    runbookId,
    parameters: { first: 3 },
    secretNames: [],
    enabled: true,
    priority: null,
    changedBy: "ann",
    creatorId: null,
  });
}

async function linked(store: Store, more: Partial<StoredScheduleSettings> = {}) {
  const runbook = await addRunbook(store, "report");
  const schedule = await addSchedule(store, more);
  const link = await addLink(store, schedule, runbook.runbookId);
  return { runbook, schedule, link, seen: seenOf(link, schedule) };
}

function seenOf(link: StoredScheduleLink, schedule: StoredSchedule): SeenLink {
  return {
    linkId: link.linkId,
    linkRevision: link.revision,
    scheduleId: schedule.scheduleId,
    scheduleRevision: schedule.revision,
  };
}

function start(store: Store, runbook: RunbookDraft, link: SeenLink, at = dueAt): Promise<AcceptedJob> {
  return store.write.acceptJob({
    jobId: newId(),
    runbookId: runbook.runbookId,
    versionId: runbook.versionId,
    versionNumber: 1,
    draft: true,
    parameters: { first: 3 },
    secretNames: [],
    startedBy: "schedule morning",
    scheduledFor: { ...link, dueAt: at },
    idempotency: null,
  });
}

storeTest("a schedule is made, read by id and name, changed from the state that was seen, and removed", async (t) => {
  const store = await temporaryStore(t);
  const calendar = await store.write.createCalendar({
    name: "holidays",
    description: "of Paris",
    timeZone: "Europe/Paris",
    windows: [{ effect: "deny", firstDate: "2026-07-14", lastDate: "2026-07-14", note: "national day" }],
    changedBy: "ann",
  });
  const before = await store.read.scheduleClock();
  const schedule = await addSchedule(store, { calendarIds: [calendar.calendarId], jitter: 5_000 });
  assert.deepEqual(schedule.calendarNames, ["holidays"]);
  assert.ok((await store.read.scheduleClock()).changes > before.changes, "the change can be seen");
  assert.deepEqual(await store.read.schedule({ schedule: "MORNING" }), schedule);
  assert.deepEqual(await store.read.schedule({ schedule: schedule.scheduleId.toUpperCase() }), schedule);
  await assert.rejects(addSchedule(store, { name: "Morning" }), { code: "schedule-exists", status: 409 });
  const evening = await addSchedule(store, { name: "evening" });
  assert.deepEqual(await store.read.schedules({ limit: 1 }), { items: [evening], next: "evening" });
  assert.deepEqual(await store.read.schedules({ limit: 1, after: "evening" }), { items: [schedule], next: null });

  const change = {
    ...settings,
    scheduleId: schedule.scheduleId,
    changedBy: "bob",
    expiresAt: Date.UTC(2027, 0, 1),
    recurrence: { kind: "cron" as const, expression: "0 7 * * 1" },
    misfire: { rule: "run-all" as const, most: 3 },
    afresh: false,
  };
  const changed = await store.write.changeSchedule({ ...change, expectedRevision: 1 });
  const { afresh: _afresh, changedBy: _by, ...expected } = change;
  assert.deepEqual(changed, { ...changed, ...expected, calendarNames: [], revision: 2, modifiedBy: "bob" });
  await assert.rejects(store.write.changeSchedule({ ...change, expectedRevision: 1 }), {
    code: "revision-mismatch",
    status: 412,
  });
  await assert.rejects(store.write.removeSchedule({ schedule: "morning", expectedRevision: 1 }), {
    code: "revision-mismatch",
  });
  await store.write.removeSchedule({ schedule: "morning", expectedRevision: 2 });
  assert.equal(await store.read.schedule({ schedule: "morning" }), null);
  await assert.rejects(store.write.removeSchedule({ schedule: "morning" }), { code: "schedule-not-found" });
});

storeTest("a calendar that schedules use stays, and a change of it is a change of them", async (t) => {
  const store = await temporaryStore(t);
  const calendar = { name: "nights", description: "", timeZone: "UTC", windows: [], changedBy: "ann" };
  const { calendarId } = await store.write.createCalendar(calendar);
  await assert.rejects(store.write.createCalendar({ ...calendar, name: "NIGHTS" }), { code: "calendar-exists" });
  const schedule = await addSchedule(store, { calendarIds: [calendarId] });
  await assert.rejects(store.write.removeCalendar({ calendar: "nights" }), {
    code: "calendar-in-use",
    message: /morning/,
  });
  const changed = await store.write.changeCalendar({
    calendarId,
    description: "",
    timeZone: "UTC",
    windows: [{ effect: "permit", from: "22:00", to: "06:00" }],
    changedBy: "bob",
    expectedRevision: 1,
  });
  assert.deepEqual(
    changed.schedules.map(({ name }) => name),
    ["morning"],
  );
  assert.equal((await store.read.schedule({ schedule: "morning" }))?.revision, schedule.revision + 1);
  assert.deepEqual((await store.read.calendars({ limit: 5 })).items, [changed]);
  await store.write.removeSchedule({ schedule: "morning" });
  await store.write.removeCalendar({ calendar: "Nights" });
  assert.deepEqual(await store.read.calendars({ limit: 5 }), { items: [], next: null });
});

storeTest("a runbook's links go with it, and with their schedule; what became of times stays", async (t) => {
  const store = await temporaryStore(t);
  const { runbook, schedule, link, seen } = await linked(store);
  const other = await addRunbook(store, "other");
  const second = await addLink(store, schedule, other.runbookId);
  assert.deepEqual(await store.read.scheduleLinks({ limit: 1 }), { items: [link], next: link.linkId });
  assert.deepEqual(await store.read.scheduleLinks({ limit: 1, after: link.linkId }), { items: [second], next: null });
  assert.deepEqual((await store.read.scheduleLinks({ runbookId: other.runbookId, limit: 5 })).items, [second]);
  assert.equal((await store.read.schedule({ schedule: "morning" }))?.links, 2);
  await store.write.noteScheduledTimes({
    link: seen,
    times: [{ dueAt, upTo: null, outcome: "missed", reason: "late" }],
    decidedUntil: dueAt,
  });
  await store.write.deleteRunbook({ runbook: runbook.runbookId, changedBy: "ann" });
  assert.deepEqual((await store.read.scheduleLinks({ scheduleId: schedule.scheduleId, limit: 5 })).items, [second]);
  await store.write.removeSchedule({ schedule: "morning" });
  assert.deepEqual((await store.read.scheduleLinks({ limit: 5 })).items, []);
  assert.deepEqual(
    (await store.read.scheduledTimes({ limit: 5 })).items.map(({ runbookName, scheduleName }) => [
      scheduleName,
      runbookName,
    ]),
    [["morning", "report"]],
  );
});

storeTest("a time of a schedule has one job, whoever asks for one, and however often", async (t) => {
  const store = await temporaryStore(t);
  const { runbook, link, seen } = await linked(store);
  const answers = await Promise.all(Array.from({ length: 6 }, () => start(store, runbook, seen)));
  const accepted = answers.filter(({ outcome }) => outcome === "accepted");
  assert.equal(accepted.length, 1);
  assert.ok(answers.every(({ outcome }) => outcome === "accepted" || outcome === "decided"));
  assert.equal((await storedRows(store, "jobs")).length, 1);
  const job = accepted[0]?.outcome === "accepted" ? accepted[0].job : undefined;
  assert.deepEqual([job?.scheduleId, job?.dueAt], [seen.scheduleId, dueAt]);
  assert.deepEqual((await store.read.jobs({ limit: 5, bytes: 1e6 })).items[0], job);
  const [time] = (await store.read.scheduledTimes({ linkId: link.linkId, limit: 5 })).items;
  assert.deepEqual([time?.outcome, time?.jobId, time?.dueAt], ["started", job?.jobId, dueAt]);
  assert.equal((await store.read.scheduleLink({ linkId: link.linkId }))?.decidedUntil, dueAt);
  assert.equal((await start(store, runbook, seen, dueAt + 86_400_000)).outcome, "accepted");
});

storeTest("no job is accepted for a schedule or a link that is not as it was seen, or is disabled", async (t) => {
  const store = await temporaryStore(t);
  const { runbook, schedule, link, seen } = await linked(store);
  assert.equal((await start(store, runbook, { ...seen, scheduleRevision: 7 })).outcome, "schedule-changed");
  const bob = "0190a0a0-0000-7000-8000-0000000000b0";
  const disabled = await store.write.changeScheduleLink({
    linkId: link.linkId,
    parameters: {},
    secretNames: [],
    parametersVersion: 2,
    enabled: false,
    priority: 5,
    creatorId: bob,
    changedBy: "bob",
    expectedRevision: 1,
  });
  assert.deepEqual([disabled.enabled, disabled.priority, disabled.creatorId, disabled.revision], [false, 5, bob, 2]);
  assert.equal((await start(store, runbook, seen)).outcome, "schedule-changed");
  assert.equal((await start(store, runbook, seenOf(disabled, schedule))).outcome, "schedule-changed");
  assert.deepEqual((await store.read.activeSchedules()).links, []);
  await store.write.removeScheduleLink({ linkId: link.linkId, expectedRevision: 2 });
  assert.equal((await start(store, runbook, seenOf(disabled, schedule))).outcome, "schedule-changed");
  assert.deepEqual(await storedRows(store, "jobs"), []);
  assert.deepEqual(await storedRows(store, "scheduled_times"), []);
});

storeTest("a job that the concurrency rule refuses leaves its time open", async (t) => {
  const store = await temporaryStore(t);
  const { runbook, seen } = await linked(store);
  await store.write.changeRunbook({
    runbook: runbook.runbookId,
    settings: { concurrencyLimit: 1, concurrencyPolicy: "refuse" },
    changedBy: "ann",
  });
  assert.equal((await start(store, runbook, seen)).outcome, "accepted");
  const next = dueAt + 86_400_000;
  assert.equal((await start(store, runbook, seen, next)).outcome, "refused");
  assert.equal((await store.read.scheduledTimes({ limit: 5 })).items.length, 1);
  await store.write.noteScheduledTimes({
    link: seen,
    times: [{ dueAt: next, upTo: null, outcome: "refused", reason: "as many as it may have" }],
    decidedUntil: next,
  });
  assert.equal((await start(store, runbook, seen, next)).outcome, "decided");
});

storeTest("what is known of a time is not written over, and notices are told once of what is new", async (t) => {
  const store = await temporaryStore(t);
  const { runbook, link, seen } = await linked(store);
  await store.write.createNoticeRule({
    enabled: true,
    events: ["schedule-missed"],
    runbookId: null,
    group: null,
    tag: null,
    startLateAfter: null,
    runningLongAfter: null,
    throttle: 0,
    target: { kind: "mail", recipients: ["ops@example.org"] },
    name: "ops",
    changedBy: "ann",
  });
  await start(store, runbook, seen);
  const times = [dueAt, dueAt + 1000, dueAt + 2000].map((at) => ({
    dueAt: at,
    upTo: null,
    outcome: "missed" as const,
    reason: "nothing ran",
  }));
  assert.equal(await store.write.noteScheduledTimes({ link: seen, times, decidedUntil: dueAt + 2000 }), true);
  assert.equal(await store.write.noteScheduledTimes({ link: seen, times, decidedUntil: dueAt + 2000 }), true);
  const known = (await store.read.decidedTimes({ linkId: link.linkId, after: dueAt - 1, until: dueAt + 2000 })).map(
    ({ outcome }) => outcome,
  );
  assert.deepEqual(known, ["started", "missed", "missed"]);
  const events = await store.read.noticeEvents({ limit: 5 });
  assert.deepEqual(
    events.map(({ event, schedule, job, worker }) => ({ event, schedule, job, worker })),
    [
      {
        event: "schedule-missed",
        job: null,
        worker: null,
        schedule: {
          linkId: link.linkId,
          scheduleName: "morning",
          runbookId: runbook.runbookId,
          runbookName: "report",
          tags: [],
          dueAt: dueAt + 2000,
          reason: "nothing ran",
        },
      },
    ],
  );
  const stale = { ...seen, linkRevision: 9 };
  assert.equal(await store.write.noteScheduledTimes({ link: stale, times, decidedUntil: dueAt + 9000 }), false);
  assert.equal((await store.read.scheduleLink({ linkId: link.linkId }))?.decidedUntil, dueAt + 2000);
});

storeTest("what was told as missed of times to come is taken back, and nothing else", async (t) => {
  const store = await temporaryStore(t);
  const { runbook, link, seen } = await linked(store);
  await start(store, runbook, seen, dueAt + 4000);
  const missed = { outcome: "missed", reason: "late" } as const;
  await store.write.noteScheduledTimes({
    link: seen,
    times: [
      { ...missed, dueAt, upTo: dueAt + 3000 },
      { ...missed, dueAt: dueAt + 5000, upTo: null },
      { dueAt: dueAt + 6000, upTo: null, outcome: "refused", reason: "disabled" },
    ],
    decidedUntil: dueAt + 9000,
  });
  const forget = (until: number, lastDueAt: number | null) =>
    store.write.forgetMissedTimes({ link: seen, until, lastDueAt });
  const told = async () =>
    (await store.read.decidedTimes({ linkId: link.linkId, after: 0, until: dueAt + 9000 })).map((time) => [
      time.outcome,
      time.dueAt - dueAt,
      time.upTo === null ? null : time.upTo - dueAt,
    ]);
  assert.equal(await forget(dueAt + 2500, dueAt + 2000), true);
  const kept = [
    ["started", 4000, null],
    ["refused", 6000, null],
  ];
  assert.deepEqual(await told(), [["missed", 0, 2000], ...kept]);
  assert.equal((await store.read.scheduleLink({ linkId: link.linkId }))?.decidedUntil, dueAt + 2500);
  await forget(dueAt + 500, dueAt);
  assert.deepEqual(await told(), [["missed", 0, null], ...kept]);
  assert.equal(
    await store.write.forgetMissedTimes({ link: { ...seen, linkRevision: 9 }, until: 0, lastDueAt: null }),
    false,
  );
  await forget(dueAt - 1, null);
  assert.deepEqual(await told(), kept);
});

storeTest("the history pages from the latest due time on, by link, schedule, runbook, outcome and time", async (t) => {
  const store = await temporaryStore(t);
  const { runbook, schedule, seen } = await linked(store);
  const other = await addLink(store, schedule, runbook.runbookId);
  const note = (link: SeenLink, at: number, outcome: "missed" | "refused") =>
    store.write.noteScheduledTimes({
      link,
      times: [{ dueAt: at, upTo: null, outcome, reason: "because" }],
      decidedUntil: at,
    });
  for (let minute = 0; minute < 4; minute += 1) {
    await note(seen, dueAt + minute * 60_000, "missed");
    await note(seenOf(other, schedule), dueAt + minute * 60_000, "refused");
  }
  const found: string[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = await store.read.scheduledTimes({ limit: 3, ...(after !== undefined && { after }) });
    found.push(...page.items.map(({ dueAt: at, linkId }) => `${(at - dueAt) / 60_000} ${linkId}`));
    after = page.next;
  }
  assert.equal(found.length, 8);
  assert.deepEqual(found, found.toSorted().toReversed());
  const count = async (of: Parameters<Store["read"]["scheduledTimes"]>[0]) =>
    (await store.read.scheduledTimes(of)).items.length;
  assert.equal(await count({ linkId: other.linkId, limit: 9 }), 4);
  assert.equal(await count({ scheduleId: schedule.scheduleId, limit: 9 }), 8);
  assert.equal(await count({ runbookId: runbook.runbookId, outcome: "missed", limit: 9 }), 4);
  assert.equal(await count({ since: dueAt + 60_000, until: dueAt + 180_000, limit: 9 }), 4);
  assert.equal(await store.write.purgeScheduledTimes({ before: Date.now() + 60_000, limit: 5 }), 5);
  assert.equal(await count({ limit: 9 }), 3);
});
