import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type {
  CalendarResource,
  DueTimeResource,
  ForecastResource,
  ScheduleLinkResource,
  ScheduleResource,
} from "../../../src/contract/api/schedule.ts";
import { ScriptedWorker } from "../../../src/web/testing/scripted-worker.ts";
import { TestServer } from "../../../src/web/testing/test-server.ts";
import { runsmith } from "../../testing/runsmith.ts";

async function commandLine(test: { after(close: () => Promise<void>): void }) {
  const server = await TestServer.start();
  test.after(() => server.close());
  const env = { RUNSMITH_URL: server.url, RUNSMITH_TOKEN: server.token, TZ: "Europe/Berlin" };
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runsmith([...args, "--output", "json"], env);
    return { code, stderr, answer: stdout === "" ? null : JSON.parse(stdout) };
  };
  return { server, run };
}

test("schedules are made in each way that the command knows, and changed by what is named", async (test) => {
  const { run } = await commandLine(test);
  const made = async (...args: string[]) => {
    const { code, answer, stderr } = await run("set-schedule", ...args);
    assert.equal(code, 0, stderr);
    return answer as ScheduleResource;
  };
  const once = await made("launch", "--once", "2031-07-01T09:00", "--time-zone", "America/New_York");
  assert.deepEqual([once.recurrence, once.nextDueAt], [{ kind: "once" }, "2031-07-01T13:00:00.000Z"]);
  const every = await made("poll", "--every", "90m");
  assert.deepEqual([every.recurrence, every.timeZone], [{ kind: "minutes", every: 90 }, "Europe/Berlin"]);
  assert.deepEqual((await made("slow", "--every", "2h")).recurrence, { kind: "hours", every: 2 });
  const monthly = await made("closing", "--monthly", "last-weekday,15", "--at", "18:00", "--interval", "3");
  assert.deepEqual(monthly.recurrence, { kind: "months", every: 3, on: ["last-weekday", "15"], at: ["18:00"] });
  const weekly = await made("reports", "--weekly", "Monday,fri", "--at", "08:00,20:00", "--misfire", "run-all:3");
  assert.deepEqual(weekly.recurrence, { kind: "weeks", every: 1, on: ["mon", "fri"], at: ["08:00", "20:00"] });
  assert.deepEqual(weekly.misfire, { rule: "run-all", most: 3 });
  await made("nightly", "--cron", "0 2 * * MON-FRI", "--start", "2031-07-01T00:00", "--expiry", "2031-07-08T00:00Z");
  const daily = await made("morning", "--daily", "07:30", "--start", "2031-03-29T00:00", "--except", "2031-03-30");
  assert.equal(daily.startsAt, "2031-03-28T23:00:00.000Z");
  const changed = await made("morning", "--jitter", "30s", "--missed-after", "1h", "--except", "none");
  assert.deepEqual([changed.jitter, changed.missedAfter, changed.exceptDates], [30_000, 3_600_000, []]);
  assert.deepEqual(changed.recurrence, daily.recurrence);

  const next = (await run("get-schedule", "morning", "--next", "2")).answer as DueTimeResource[];
  assert.deepEqual(
    next.map(({ localTime }) => localTime),
    ["2031-03-29T07:30:00+01:00[Europe/Berlin]", "2031-03-30T07:30:00+02:00[Europe/Berlin]"],
  );
  assert.equal((await run("disable-schedule", "morning")).answer.nextDueAt, null);
  assert.equal((await run("enable-schedule", "morning")).answer.nextDueAt, next[0]?.dueAt);
  assert.equal(((await run("get-schedule")).answer as ScheduleResource[]).length, 7);
  assert.equal((await run("remove-schedule", "morning")).code, 0);
  assert.equal((await run("get-schedule", "morning")).code, 2);

  const past = await run("set-schedule", "x", "--once", "2020-07-01T09:00");
  assert.match(past.stderr, /2020-07-01T09:00:00\+02:00\[Europe\/Berlin\] is over/);
  assert.equal(past.code, 2);
  for (const wrong of [
    ["x"],
    ["poll"],
    ["x", "--daily", "07:30", "--cron", "* * * * *"],
    ["x", "--weekly", "mon"],
    ["x", "--weekly", "someday", "--at", "08:00"],
    ["x", "--every", "30s"],
    ["x", "--daily", "07:30", "--misfire", "run-all"],
    ["x", "--daily", "25:00"],
    ["x", "--monthly", "32", "--at", "08:00"],
    ["x", "--once", "tomorrow"],
    ["x", "--every", "5m", "--at", "08:00"],
  ]) {
    assert.equal((await run("set-schedule", ...wrong)).code, 2, wrong.join(" "));
  }
});

test("a runbook is linked to a schedule, forecast, changed, and who removes either is told", async (test) => {
  const { server, run } = await commandLine(test);
  const worker = await ScriptedWorker.connect(server);
  await server.import("report", "param()", { publish: true });
  await run("set-schedule", "morning", "--daily", "07:30");
  const linked = await run("start-runbook", "report", "--schedule", "morning", "--priority", "5");
  assert.equal(linked.code, 0, linked.stderr);
  const { linkId, priority } = linked.answer as ScheduleLinkResource;
  assert.equal(priority, 5);
  const forecast = (await run("get-forecast", "--days", "3")).answer as ForecastResource[];
  assert.deepEqual(
    forecast.map(({ runbookName }) => runbookName),
    ["report", "report", "report"],
  );
  assert.equal((await run("set-schedule-link", linkId, "--disable", "--priority", "runbook")).answer.priority, null);
  assert.deepEqual((await run("get-forecast")).answer, []);
  assert.deepEqual((await run("get-schedule-link", linkId)).answer.enabled, false);
  assert.equal(((await run("get-schedule-link", "--runbook", "report")).answer as unknown[]).length, 1);
  assert.deepEqual((await run("get-scheduled-time", "--outcome", "missed")).answer, []);
  assert.equal((await run("start-runbook", "report", "--schedule", "morning", "--wait")).code, 2);
  const removed = await run("remove-runbook", "report");
  assert.match(removed.stderr, /The schedule morning does not start report any more\./);
  assert.equal((await run("remove-schedule-link", linkId)).code, 2);
  await worker.close();
});

test("calendars are made from windows and from a file, used, and removed", async (test) => {
  const folder = mkdtempSync(join(tmpdir(), "runsmith-calendars-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const { run } = await commandLine(test);
  const office = await run(
    "set-calendar",
    "office",
    "--permit",
    "mon-fri 08:00-18:00",
    "--deny",
    "2031-12-24..2031-12-26",
  );
  assert.deepEqual((office.answer as CalendarResource).windows, [
    { effect: "permit", from: "08:00", to: "18:00", weekdays: ["mon", "tue", "wed", "thu", "fri"] },
    { effect: "deny", firstDate: "2031-12-24", lastDate: "2031-12-26" },
  ]);
  const file = join(folder, "holidays.ics");
  writeFileSync(
    file,
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20310701\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
  );
  const imported = (await run("import-calendar", file)).answer as CalendarResource;
  assert.deepEqual([imported.name, imported.timeZone, imported.windows.length], ["holidays", "Europe/Berlin", 1]);
  const schedule = ["--daily", "07:00,09:00", "--calendar", "office,holidays", "--start", "2031-07-01T00:00"];
  const made = await run("set-schedule", "hours", ...schedule);
  assert.equal(made.answer.nextDueAt, "2031-07-02T07:00:00.000Z", made.stderr);
  assert.equal((await run("remove-calendar", "office")).code, 2);
  assert.equal((await run("set-schedule", "hours", "--calendar", "none")).answer.nextDueAt, "2031-07-01T05:00:00.000Z");
  assert.equal((await run("remove-calendar", "office")).code, 0);
  assert.deepEqual(
    ((await run("get-calendar")).answer as CalendarResource[]).map(({ name }) => name),
    ["holidays"],
  );
  assert.equal((await run("set-calendar", "x", "--deny", "whenever")).code, 2);
  assert.equal((await run("import-calendar", join(folder, "none.ics"))).code, 2);
});
