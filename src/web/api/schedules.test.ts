import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobResource } from "../../contract/api/job.ts";
import type { MasterKeyResource } from "../../contract/api/master-key.ts";
import type { Page } from "../../contract/api/page.ts";
import type {
  CalendarResource,
  DueTimeResource,
  ForecastResource,
  ScheduledTimeResource,
  ScheduleLinkResource,
  ScheduleResource,
} from "../../contract/api/schedule.ts";
import type { ErrorBody } from "../../contract/error-body.ts";
import { emptySignature } from "../../contract/signature.ts";
import { must } from "../testing/rights-world.ts";
import { ScriptedWorker } from "../testing/scripted-worker.ts";
import { TestServer } from "../testing/test-server.ts";

const daily = { kind: "days", every: 1, at: ["07:30"] };

async function started(test: { after(close: () => Promise<void>): void }): Promise<TestServer> {
  const server = await TestServer.start();
  test.after(() => server.close());
  return server;
}

async function startedWithWorker(test: { after(close: () => Promise<void>): void }) {
  const server = await TestServer.start();
  const worker = await ScriptedWorker.connect(server);
  test.after(async () => {
    await worker.close();
    await server.close();
  });
  return { server, worker };
}

test("a schedule is made, shown with its next times, changed from the state that was seen, and removed", async (test) => {
  const server = await started(test);
  const made = await server.call<ScheduleResource>("POST", "/api/schedules", {
    body: { name: "morning", recurrence: daily, timeZone: "europe/paris", startsAt: "2031-03-29T00:00:00.000Z" },
  });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get("location"), `/api/schedules/${made.body.scheduleId}`);
  assert.deepEqual(
    [made.body.timeZone, made.body.misfire, made.body.nextDueAt, made.body.links],
    ["Europe/Paris", { rule: "run-once" }, "2031-03-29T06:30:00.000Z", 0],
  );
  const next = await server.call<Page<DueTimeResource>>("GET", "/api/schedules/morning/next?count=2");
  assert.deepEqual(
    next.body.items.map(({ localTime }) => localTime),
    ["2031-03-29T07:30:00+01:00[Europe/Paris]", "2031-03-30T07:30:00+02:00[Europe/Paris]"],
  );
  const patch = (body: unknown, etag = '"1"') =>
    server.call<ScheduleResource>("PATCH", "/api/schedules/morning", { body, headers: { "if-match": etag } });
  const changed = await patch({ enabled: false, exceptDates: ["2031-03-29"], jitter: 60_000 });
  assert.deepEqual([changed.status, changed.body.nextDueAt, changed.body.jitter], [200, null, 60_000]);
  assert.equal(changed.headers.get("etag"), '"2"');
  assert.equal((await patch({ enabled: true })).status, 412);
  assert.equal((await patch({ enabled: true }, '"2"')).body.nextDueAt, "2031-03-30T05:30:00.000Z");
  const list = await server.call<Page<ScheduleResource>>("GET", "/api/schedules");
  assert.deepEqual(
    list.body.items.map(({ name }) => name),
    ["morning"],
  );
  assert.equal((await server.call("DELETE", "/api/schedules/morning")).status, 204);
  assert.equal((await server.call("GET", "/api/schedules/morning")).status, 404);
});

test("what cannot be a schedule is refused, with what is wrong", async (test) => {
  const server = await started(test);
  const refused: [string, number, Record<string, unknown>][] = [
    ["invalid-schedule", 422, { recurrence: { kind: "once" } }],
    ["schedule-never-due", 422, { recurrence: { kind: "once" }, startsAt: "2020-01-01T00:00:00Z" }],
    ["schedule-never-due", 422, { recurrence: { kind: "cron", expression: "0 0 30 2 *" } }],
    ["invalid-cron", 422, { recurrence: { kind: "cron", expression: "61 * * * *" } }],
    ["invalid-schedule", 422, { recurrence: daily, timeZone: "Mars/Olympus" }],
    ["invalid-schedule", 422, { recurrence: daily, timeZone: "+02:00" }],
    ["invalid-schedule", 422, { recurrence: daily, exceptDates: ["2031-02-30"] }],
    ["invalid-schedule", 422, { recurrence: { kind: "weeks", every: 999, on: ["mon"], at: ["08:00"] } }],
    ["invalid-schedule", 422, { recurrence: daily, name: " x" }],
    ["calendar-not-found", 404, { recurrence: daily, calendars: ["none"] }],
    ["invalid-request", 400, { recurrence: { kind: "days", every: 1, at: ["25:00"] } }],
    ["invalid-request", 400, { recurrence: { kind: "months", every: 1, on: ["0"], at: ["08:00"] } }],
    ["invalid-request", 400, { recurrence: { kind: "fortnights" } }],
    ["invalid-request", 400, { recurrence: daily, jitter: -1 }],
  ];
  for (const [type, status, body] of refused) {
    const answer = await server.call<ErrorBody>("POST", "/api/schedules", { body: { name: "x", ...body } });
    assert.deepEqual([answer.body.type, answer.status], [type, status], JSON.stringify(body));
  }
  const told = async (recurrence: object) =>
    (await server.call<ErrorBody>("POST", "/api/schedules", { body: { name: "x", recurrence } })).body.errors;
  const [late, ...others] = (await told({ kind: "days", every: 1, at: ["25:00"] })) ?? [];
  assert.deepEqual(
    [late?.pointer, others],
    ["/recurrence/at/0", []],
    "what is wrong with days, and nothing of the other kinds",
  );
  assert.deepEqual(await told({ kind: "fortnights" }), [
    { pointer: "/recurrence/kind", message: "is not one of those known here" },
  ]);
  assert.deepEqual((await server.call<Page<ScheduleResource>>("GET", "/api/schedules")).body.items, []);
});

test("a linked runbook is started at each time, once, and its job, the history and the forecast say so", async (test) => {
  const { server, worker } = await startedWithWorker(test);
  await server.import("report", "param()", { publish: true });
  await server.call("POST", "/api/schedules", {
    body: { name: "ticks", recurrence: { kind: "cron", expression: "* * * * * *" } },
  });
  const link = await server.call<ScheduleLinkResource>("POST", "/api/schedule-links", {
    body: { schedule: "ticks", runbook: "report", priority: 7 },
  });
  assert.equal(link.status, 201);
  const frame = await worker.nextJob();
  const { body: job } = await server.call<JobResource>("GET", `/api/jobs/${frame.jobId}`);
  assert.deepEqual([job.startedBy, job.scheduleId, job.priority], ["schedule ticks", link.body.scheduleId, 7]);
  await worker.append(frame, [], "Completed");
  await worker.nextJob();
  const { linkId } = link.body;
  const history = await server.call<Page<ScheduledTimeResource>>("GET", "/api/scheduled-times?schedule=ticks");
  const first = history.body.items.at(-1);
  assert.deepEqual(
    [first?.outcome, first?.jobId, first?.dueAt, first?.linkId],
    ["started", job.jobId, job.dueAt, linkId],
  );
  const dueAt = history.body.items.map((time) => time.dueAt);
  assert.equal(new Set(dueAt).size, dueAt.length);

  const forecast = await server.call<Page<ForecastResource>>("GET", "/api/schedule-forecast?limit=3&runbook=report");
  assert.equal(forecast.body.items.length, 3);
  const more = `/api/schedule-forecast?limit=3&after=${forecast.body.next}`;
  const { items } = (await server.call<Page<ForecastResource>>("GET", more)).body;
  const gap = Date.parse(items[0]?.dueAt ?? "") - Date.parse(forecast.body.items[2]?.dueAt ?? "");
  assert.equal(gap, 1_000);

  const disabled = await server.call<ScheduleLinkResource>("PATCH", `/api/schedule-links/${linkId}`, {
    body: { enabled: false },
  });
  assert.deepEqual([disabled.body.enabled, disabled.body.nextDueAt], [false, null]);
  const before = (await server.call<Page<ScheduledTimeResource>>("GET", "/api/scheduled-times")).body.items.length;
  await sleep(2_100);
  const after = (await server.call<Page<ScheduledTimeResource>>("GET", "/api/scheduled-times")).body.items.length;
  assert.ok(after - before <= 1, "what was under way at most");
  assert.equal((await server.call("DELETE", "/api/runbooks/report")).status, 409, "its jobs are not over");
});

test("a start that is refused is told with its reason, and links go with their runbook", async (test) => {
  const { server } = await startedWithWorker(test);
  await server.import("report", "param()", { publish: true });
  const ticks = { name: "ticks", recurrence: { kind: "cron", expression: "* * * * * *" } };
  await server.call("POST", "/api/schedules", { body: ticks });
  const link = (body: Record<string, unknown>) =>
    server.call<ScheduleLinkResource & ErrorBody>("POST", "/api/schedule-links", {
      body: { schedule: "ticks", ...body },
    });
  assert.equal((await link({ runbook: "report", parameters: { nonsense: 1 } })).body.type, "invalid-parameters");
  assert.equal((await link({ runbook: "nothing" })).body.type, "runbook-not-found");
  assert.equal((await link({ runbook: "report", schedule: "nothing" })).body.type, "schedule-not-found");
  await server.call("PATCH", "/api/runbooks/report", { body: { enabled: false } });
  assert.equal((await link({ runbook: "report" })).body.type, "runbook-disabled");
  await server.call("PATCH", "/api/runbooks/report", { body: { enabled: true } });
  assert.equal((await link({ runbook: "report" })).status, 201);
  await server.call("PATCH", "/api/runbooks/report", { body: { enabled: false } });
  const refused = () => server.call<Page<ScheduledTimeResource>>("GET", "/api/scheduled-times?outcome=refused");
  let [time] = (await refused()).body.items;
  for (let look = 0; look < 100 && time === undefined; look += 1) {
    await sleep(50);
    [time] = (await refused()).body.items;
  }
  assert.deepEqual([time?.reason, time?.jobId], ["The runbook report is disabled.", null]);
  assert.equal((await server.call<ScheduleResource>("GET", "/api/schedules/ticks")).body.links, 1);
});

test("a calendar is made, imported, used, and kept while it is used", async (test) => {
  const server = await started(test);
  const iCalendar = [
    "BEGIN:VCALENDAR",
    "BEGIN:VEVENT",
    "UID:1",
    "SUMMARY:Closed",
    "DTSTART;VALUE=DATE:20310329",
    "RRULE:FREQ=DAILY;COUNT=2",
    "END:VEVENT",
    "END:VCALENDAR",
  ].join("\r\n");
  const imported = await server.call<CalendarResource>("POST", "/api/calendars/holidays/import", {
    body: { iCalendar, timeZone: "Europe/Paris" },
  });
  assert.deepEqual(imported.body.windows, [
    { effect: "deny", note: "Closed", firstDate: "2031-03-29", lastDate: "2031-03-29" },
    { effect: "deny", note: "Closed", firstDate: "2031-03-30", lastDate: "2031-03-30" },
  ]);
  const schedule = await server.call<ScheduleResource>("POST", "/api/schedules", {
    body: {
      name: "morning",
      recurrence: daily,
      timeZone: "Europe/Paris",
      startsAt: "2031-03-29T00:00:00Z",
      calendars: ["Holidays"],
    },
  });
  assert.deepEqual([schedule.body.calendars, schedule.body.nextDueAt], [["holidays"], "2031-03-31T05:30:00.000Z"]);
  assert.equal((await server.call("DELETE", "/api/calendars/holidays")).body.type, "calendar-in-use");
  const windows = [{ effect: "permit", weekdays: ["mon"], from: "06:00", to: "08:00" }];
  await server.call("PATCH", "/api/calendars/holidays", { body: { windows } });
  const next = await server.call<ScheduleResource>("GET", "/api/schedules/morning");
  assert.deepEqual([next.body.nextDueAt, next.body.revision], ["2031-03-31T05:30:00.000Z", 2]);
  const wrong = [{ effect: "permit", from: "06:00", to: "06:00" }];
  assert.equal((await server.call("PATCH", "/api/calendars/holidays", { body: { windows: wrong } })).status, 422);
  assert.equal((await server.call("POST", "/api/calendars/x/import", { body: { iCalendar: "no" } })).status, 422);
  await server.call("DELETE", "/api/schedules/morning");
  assert.equal((await server.call("DELETE", "/api/calendars/holidays")).status, 204);
});

test("a secret parameter of a link is sealed, shown to nobody, given to each job, and another one after a change", async (test) => {
  const { server, worker } = await startedWithWorker(test);
  const properties = { password: { type: "string" as const, "x-secret": true } };
  worker.analysis = () => ({ signature: { ...emptySignature, properties } });
  await server.import("report", "param()", { publish: true });
  await server.call("POST", "/api/schedules", {
    body: { name: "ticks", recurrence: { kind: "cron", expression: "* * * * * *" } },
  });
  const [first, second] = ["canary-of-a-link-1", "canary-of-a-link-2"];
  const link = await server.call<ScheduleLinkResource>("POST", "/api/schedule-links", {
    body: { schedule: "ticks", runbook: "report", parameters: { password: first } },
  });
  assert.deepEqual(link.body.parameters, { password: { secret: "set" } });
  const frame = await worker.nextJob();
  assert.deepEqual(frame.parameters, { password: first });
  const changed = await server.call<ScheduleLinkResource>("PATCH", `/api/schedule-links/${link.body.linkId}`, {
    body: { parameters: { password: second } },
  });
  assert.deepEqual(changed.body.parameters, { password: { secret: "set" } });
  let { parameters } = await worker.nextJob();
  while (parameters["password"] !== second) {
    ({ parameters } = await worker.nextJob());
  }
  await server.call("POST", "/api/master-key/rotation");
  while ((await server.call<MasterKeyResource>("GET", "/api/master-key")).body.rotating) {
    await sleep(20);
  }
  const { dueAt } = (await server.call<Page<ScheduledTimeResource>>("GET", "/api/scheduled-times")).body.items[0] ?? {};
  let latest = "";
  while (latest <= (dueAt ?? "")) {
    const { jobId, parameters: given } = await worker.nextJob();
    assert.deepEqual(given, { password: second });
    latest = (await server.call<JobResource>("GET", `/api/jobs/${jobId}`)).body.dueAt ?? "";
    await worker.append({ jobId, attempt: 1 }, [], "Completed");
  }
  const audit = await server.call("GET", "/api/audit");
  assert.equal(audit.bytes.includes("canary-of-a-link"), false, "the audit");
  for (const file of await readdir(server.dataDirectory, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) {
      const bytes = await readFile(join(file.parentPath, file.name));
      assert.equal(bytes.includes("canary-of-a-link"), false, file.name);
    }
  }
});

describe("what somebody's schedule starts", () => {
  let server: TestServer;
  let worker: ScriptedWorker;
  const everySecond = { kind: "cron", expression: "* * * * * *" };
  const daily3 = { kind: "days", every: 1, at: ["03:00"] };

  before(async () => {
    server = await TestServer.start();
    worker = await ScriptedWorker.connect(server);
  });
  after(async () => {
    await worker.close();
    await server.close();
  });

  interface Person {
    principalId: string;
    token: string;
  }

  async function person(name: string, rights: Record<string, string>): Promise<Person & { rightIds: string[] }> {
    const { principalId } = await must<Person>(server, "POST", "/api/service-principals", { name }, 201);
    const { token } = await must<Person>(server, "POST", "/api/tokens", { name: "t", principal: principalId }, 201);
    const rightIds = [];
    for (const [on, role] of Object.entries(rights)) {
      const right = { principal: principalId, role, on };
      rightIds.push((await must<{ rightId: string }>(server, "POST", "/api/rights", right, 201)).rightId);
    }
    return { principalId, token, rightIds };
  }

  async function refusal(linkId: string, reason: RegExp): Promise<void> {
    const path = `/api/scheduled-times?outcome=refused&link=${linkId}`;
    for (let look = 0; look < 200; look += 1) {
      const { items } = (await server.call<Page<ScheduledTimeResource>>("GET", path)).body;
      if (items.some((time) => reason.test(time.reason ?? ""))) {
        return;
      }
      await sleep(50);
    }
    assert.fail(`no time was refused with ${reason}`);
  }

  test("is started no more, with the reason, once its maker may not operate the runbook, is disabled or gone; who sets the parameters takes it over", async () => {
    await server.import("hourly", "param()", { publish: true });
    await must(server, "POST", "/api/schedules", { name: "seconds", recurrence: everySecond }, 201);
    const onIt = { "runbook:hourly": "operator", "schedule:seconds": "reader" };
    const ann = await person("ann", onIt);
    const ben = await person("ben", onIt);
    const made = await server.call<ScheduleLinkResource>("POST", "/api/schedule-links", {
      token: ann.token,
      body: { schedule: "seconds", runbook: "hourly" },
    });
    assert.equal(made.status, 201);
    const { linkId } = made.body;
    await worker.nextJob();
    assert.equal((await server.call("DELETE", `/api/rights/${ann.rightIds[0]}`)).status, 204);
    await refusal(linkId, /ann has no right to operate the runbook hourly/);
    const takeOver = { token: ben.token, body: { parameters: {} } };
    assert.equal((await server.call("PATCH", `/api/schedule-links/${linkId}`, takeOver)).status, 200);
    const changedAt = new Date().toISOString();
    let dueAt = "";
    while (dueAt <= changedAt) {
      const frame = await worker.nextJob();
      dueAt = (await server.call<JobResource>("GET", `/api/jobs/${frame.jobId}`)).body.dueAt ?? "";
    }
    await server.call("PATCH", "/api/service-principals/ben", { body: { enabled: false } });
    await refusal(linkId, /gone or disabled/);
    assert.equal((await server.call("DELETE", `/api/schedule-links/${linkId}`)).status, 204);
  });

  test("is started at other times, or again, only by the word of somebody who may operate all of it", async () => {
    await server.import("nightly", "param()", { publish: true });
    await must(server, "POST", "/api/schedules", { name: "nights", recurrence: daily3 }, 201);
    await must(server, "POST", "/api/schedule-links", { schedule: "nights", runbook: "nightly" }, 201);
    const { token, principalId } = await person("editor", { "schedule:nights": "author" });
    const change = async (body: object) => {
      const answer = await server.call<ErrorBody>("PATCH", "/api/schedules/nights", { token, body });
      return answer.status === 403 ? answer.body.type : answer.status;
    };
    assert.equal(await change({ recurrence: everySecond }), "not-permitted");
    assert.equal(await change({ jitter: 60_000 }), "not-permitted");
    assert.equal(await change({ misfire: { rule: "run-all", most: 9 } }), "not-permitted");
    assert.equal(await change({ description: "every night", enabled: false }), 200);
    assert.equal(await change({ recurrence: everySecond, enabled: true }), "not-permitted");
    assert.equal(await change({ recurrence: everySecond }), 200, "nothing is started while it is disabled");
    assert.equal(await change({ enabled: true }), "not-permitted");
    await must(server, "POST", "/api/rights", { principal: principalId, role: "operator", on: "runbook:nightly" }, 201);
    assert.equal(await change({ recurrence: daily3, enabled: true }), 200);
  });

  test("shows to who may read it, whatever else may be read of the schedule", async () => {
    await server.import("private", "param()", { publish: true });
    await must(server, "POST", "/api/schedules", { name: "shared", recurrence: daily3 }, 201);
    await must(server, "POST", "/api/schedules", { name: "hidden", recurrence: daily3 }, 201);
    const link = { schedule: "shared", runbook: "private" };
    const { linkId } = await must<ScheduleLinkResource>(server, "POST", "/api/schedule-links", link, 201);
    const { token } = await person("onlooker", { "schedule:shared": "author" });
    const get = <Body = Page<unknown> & ErrorBody>(path: string) => server.call<Body>("GET", path, { token });
    assert.equal((await get("/api/schedules/shared")).status, 200);
    assert.deepEqual((await get("/api/schedule-links?schedule=shared")).body.items, []);
    assert.equal((await get(`/api/schedule-links/${linkId}`)).status, 404);
    assert.deepEqual((await get("/api/schedule-forecast")).body.items, []);
    const unreadable = (await get("/api/schedule-links?schedule=hidden")).body;
    const unknown = (await get("/api/schedule-links?schedule=nothing")).body;
    assert.deepEqual([unreadable.type, unknown.type], ["schedule-not-found", "schedule-not-found"]);
  });

  test("has the calendars that its editor may read, and others are neither used, imported nor told of", async () => {
    await must(server, "POST", "/api/calendars", { name: "secret" }, 201);
    await must(server, "POST", "/api/calendars", { name: "known" }, 201);
    await must(server, "POST", "/api/schedules", { name: "mine", recurrence: daily3, calendars: ["known"] }, 201);
    const { token } = await person("planner", { "schedule:mine": "author" });
    const use = (calendars: string[]) =>
      server.call<ErrorBody>("PATCH", "/api/schedules/mine", { token, body: { calendars } });
    assert.equal((await use(["known", "secret"])).body.type, "calendar-not-found");
    assert.equal((await use(["nothing"])).body.type, "calendar-not-found");
    assert.equal((await use(["known"])).body.type, "calendar-not-found", "not even one that it has");
    const { body: seen } = await server.call<ScheduleResource>("GET", "/api/schedules/mine", { token });
    assert.deepEqual([seen.calendars, seen.furtherCalendars], [[], 1]);
    assert.equal((await use([])).status, 200);
    const { body: kept } = await server.call<ScheduleResource>("GET", "/api/schedules/mine");
    assert.deepEqual([kept.calendars, kept.furtherCalendars], [["known"], 0]);
    const keeper = await person("keeper", { "schedule:known": "author" });
    const asked = { token: keeper.token };
    const { body: used } = await server.call<CalendarResource>("GET", "/api/calendars/known", asked);
    assert.deepEqual([used.schedules, used.furtherSchedules], [[], 1]);
    const removal = await server.call<ErrorBody>("DELETE", "/api/calendars/known", asked);
    assert.deepEqual([removal.body.type, removal.body.detail.includes("mine")], ["calendar-in-use", false]);
    const imported = async (name: string) => {
      const body = { iCalendar: "no calendar" };
      return (await server.call<ErrorBody>("POST", `/api/calendars/${name}/import`, { token, body })).body.type;
    };
    assert.deepEqual([await imported("secret"), await imported("nothing")], ["not-permitted", "not-permitted"]);
  });
});
