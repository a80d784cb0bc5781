import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Recurrence } from "../../contract/api/schedule.ts";
import type { DueTimesOf } from "./due-times.ts";
import { DueTimes } from "./due-times.ts";
import type { WallMinute } from "./testing/minute-walk.ts";
import { walkMinutes } from "./testing/minute-walk.ts";

const day = 86_400_000;

function dueTimes(recurrence: Recurrence, more: Partial<DueTimesOf> = {}): DueTimes {
  return new DueTimes({
    timeZone: "UTC",
    startsAt: Date.UTC(2020, 0, 1),
    expiresAt: null,
    exceptDates: [],
    calendars: [],
    recurrence,
    ...more,
  });
}

/** Due times after `from`, as their zone reads them, without zone and zero seconds. */
function listed(times: DueTimes, from: string, count: number): string[] {
  const found: string[] = [];
  let due = times.after(Date.parse(from));
  for (; due !== null && found.length < count; due = times.after(due)) {
    found.push(times.clock.text(due).replace(/:00([+-].*)?\[.*$|\[.*$/, ""));
  }
  return due === null ? [...found, "never"] : found;
}

const cron = (expression: string): Recurrence => ({ kind: "cron", expression });

describe("daylight saving", () => {
  const paris = { timeZone: "Europe/Paris" };

  test("a time that the clocks skip runs at the next valid one, and only once with what is due there", () => {
    const times = dueTimes({ kind: "days", every: 1, at: ["02:30", "03:00"] }, paris);
    assert.deepEqual(listed(times, "2026-03-28T12:00:00Z", 4), [
      "2026-03-29T03:00",
      "2026-03-30T02:30",
      "2026-03-30T03:00",
      "2026-03-31T02:30",
    ]);
  });

  test("a time that the clocks show twice runs once, the first time", () => {
    const times = dueTimes(cron("*/30 * * * *"), paris);
    assert.deepEqual(
      times.between(Date.parse("2026-10-24T23:45:00Z"), Date.parse("2026-10-25T03:00:00Z"), 10),
      ["00:00", "00:30", "02:00", "02:30", "03:00"].map((time) => Date.parse(`2026-10-25T${time}:00Z`)),
    );
  });

  test("minutes and hours are elapsed time, whatever the clocks do", () => {
    const times = dueTimes({ kind: "hours", every: 6 }, { ...paris, startsAt: Date.parse("2026-03-28T23:00:00Z") });
    assert.deepEqual(listed(times, "2026-03-28T00:00:00Z", 4), [
      "2026-03-29T00:00",
      "2026-03-29T07:00",
      "2026-03-29T13:00",
      "2026-03-29T19:00",
    ]);
  });

  test("a whole day that a zone leaves out runs at the beginning of the next one", () => {
    const times = dueTimes({ kind: "days", every: 1, at: ["09:00"] }, { timeZone: "Pacific/Apia", startsAt: 0 });
    assert.deepEqual(listed(times, "2011-12-29T00:00:00Z", 4), [
      "2011-12-29T09:00",
      "2011-12-31T00:00",
      "2011-12-31T09:00",
      "2012-01-01T09:00",
    ]);
  });

  // From a month before something happens to the clocks: ordinary changes, half an hour, two hours, midnight, a whole day.
  const walked: readonly [string, string, number][] = [
    ["Europe/Paris", "2026-03-01", 240],
    ["America/New_York", "2027-03-01", 260],
    ["Australia/Lord_Howe", "2026-04-01", 190],
    ["Africa/Cairo", "2026-04-01", 220],
    ["America/Santiago", "2025-04-01", 170],
    ["Africa/Casablanca", "2024-03-01", 60],
    ["Antarctica/Troll", "2026-03-15", 20],
    ["Asia/Kathmandu", "1985-12-20", 20],
    ["Pacific/Apia", "2011-12-15", 30],
    ["America/Caracas", "2007-12-01", 20],
    ["Asia/Pyongyang", "2018-05-01", 10],
    ["America/Sao_Paulo", "2018-11-01", 110],
  ];
  const rules: readonly [string, Recurrence, (wall: WallMinute) => boolean][] = [
    ["every 20 minutes by cron", cron("*/20 * * * *"), ({ minute }) => minute % 20 === 0],
    [
      "at 00:05, 01:30, 02:15 and 23:59",
      { kind: "days", every: 1, at: ["02:15", "00:05", "23:59", "01:30"] },
      ({ hour, minute }) => [5, 90, 135, 1439].includes(hour * 60 + minute),
    ],
    [
      "on the last Sunday at 02:30",
      cron("30 2 * * 0L"),
      ({ weekday, day: date, daysInMonth, hour, minute }) =>
        weekday === 0 && date + 7 > daysInMonth && hour * 60 + minute === 150,
    ],
  ];
  for (const [zone, firstDate, days] of walked) {
    test(`${zone} from ${firstDate} on: due times are those that a walk through every minute finds`, () => {
      const from = Date.parse(firstDate);
      const to = from + days * day;
      const walks = walkMinutes(
        zone,
        from,
        to,
        rules.map(([, , fits]) => fits),
      );
      for (const [index, [name, recurrence]] of rules.entries()) {
        const times = dueTimes(recurrence, { timeZone: zone, startsAt: 0 });
        assert.deepEqual(times.between(from, to - 1, Number.POSITIVE_INFINITY), walks[index], name);
      }
    });
  }
});

describe("recurrences", () => {
  test("once is due once, from its start on", () => {
    const times = dueTimes({ kind: "once" }, { startsAt: Date.parse("2026-05-01T10:00:00Z") });
    assert.deepEqual(listed(times, "2026-01-01T00:00:00Z", 2), ["2026-05-01T10:00", "never"]);
    assert.equal(times.after(Date.parse("2026-05-01T10:00:00Z")), null);
  });

  test("every three days and every second week are counted from the start", () => {
    const startsAt = Date.parse("2026-01-07T12:00:00Z");
    const days = dueTimes({ kind: "days", every: 3, at: ["08:00"] }, { startsAt });
    assert.deepEqual(listed(days, "2026-01-01T00:00:00Z", 2), ["2026-01-10T08:00", "2026-01-13T08:00"]);
    const weeks = dueTimes({ kind: "weeks", every: 2, on: ["fri", "mon"], at: ["08:00"] }, { startsAt });
    assert.deepEqual(listed(weeks, "2026-01-01T00:00:00Z", 4), [
      "2026-01-09T08:00",
      "2026-01-19T08:00",
      "2026-01-23T08:00",
      "2026-02-02T08:00",
    ]);
  });

  test("months know their days, their last day and the nth and last days of the week", () => {
    const startsAt = Date.UTC(2026, 0, 1);
    const months = (on: string[], every = 1) => dueTimes({ kind: "months", every, on, at: ["06:00"] }, { startsAt });
    const dates = (on: string[], every = 1) =>
      listed(months(on, every), "2026-01-01T00:00:00Z", 4).map((text) => text.slice(5, 10));
    assert.deepEqual(dates(["31"]), ["01-31", "03-31", "05-31", "07-31"]);
    assert.deepEqual(dates(["last"]), ["01-31", "02-28", "03-31", "04-30"]);
    assert.deepEqual(dates(["first-weekday"]), ["01-01", "02-02", "03-02", "04-01"]);
    assert.deepEqual(dates(["last-weekday"]), ["01-30", "02-27", "03-31", "04-30"]);
    assert.deepEqual(dates(["second-tue"]), ["01-13", "02-10", "03-10", "04-14"]);
    assert.deepEqual(dates(["fifth-fri"]), ["01-30", "05-29", "07-31", "10-30"]);
    assert.deepEqual(dates(["last-sun", "15"], 3), ["01-15", "01-25", "04-15", "04-26"]);
  });

  test("29 February of a certain day of the week is found decades ahead, and what never comes is told", () => {
    const leap = dueTimes(
      { kind: "months", every: 12, on: ["fifth-sun"], at: ["00:00"] },
      { startsAt: Date.UTC(2028, 1, 1) },
    );
    assert.deepEqual(listed(leap, "2028-01-01T00:00:00Z", 1), ["2032-02-29T00:00"]);
    assert.equal(dueTimes(cron("0 0 31 2 *")).after(0), null);
    assert.equal(dueTimes(cron("0 0 L-30 2 ?")).after(0), null);
  });

  test("nothing is due before the start, at the expiry or after it", () => {
    const times = dueTimes(cron("0 * * * *"), {
      startsAt: Date.parse("2026-02-01T10:00:00Z"),
      expiresAt: Date.parse("2026-02-01T12:00:00Z"),
    });
    assert.deepEqual(listed(times, "2026-01-01T00:00:00Z", 5), ["2026-02-01T10:00", "2026-02-01T11:00", "never"]);
  });

  test("an excepted date is passed over, as its zone counts dates", () => {
    const times = dueTimes(cron("0 */12 * * *"), { timeZone: "Pacific/Auckland", exceptDates: ["2026-07-02"] });
    assert.deepEqual(listed(times, "2026-07-01T00:00:00Z", 2), ["2026-07-03T00:00", "2026-07-03T12:00"]);
  });

  test("the latest of very many times are found without going through all of them", () => {
    const times = dueTimes(cron("* * * * * *"), { startsAt: 0 });
    const now = Date.UTC(2026, 5, 1);
    assert.deepEqual(times.latest(0, now, 3), [now - 2000, now - 1000, now]);
    assert.deepEqual(dueTimes({ kind: "once" }, { startsAt: day }).latest(0, now, 3), [day]);
    assert.deepEqual(times.latest(now, now, 3), []);
  });
});

describe("calendars", () => {
  const hours = (windows: DueTimesOf["calendars"][number]["windows"], timeZone = "UTC") =>
    dueTimes(cron("0 * * * *"), { calendars: [{ timeZone, windows }] });

  test("where windows permit, nothing else is permitted; what a window denies, none permits", () => {
    const times = hours([
      { effect: "permit", weekdays: ["mon", "tue", "wed", "thu", "fri"], from: "22:00", to: "02:00" },
      { effect: "deny", from: "23:30", to: "00:30" },
      { effect: "deny", firstDate: "2026-06-02", lastDate: "2026-06-03" },
    ]);
    // 2026-05-29 is a Friday.
    assert.deepEqual(listed(times, "2026-05-29T20:00:00Z", 9), [
      "2026-05-29T22:00",
      "2026-05-29T23:00",
      "2026-05-30T01:00",
      "2026-06-01T22:00",
      "2026-06-01T23:00",
      "2026-06-04T01:00",
      "2026-06-04T22:00",
      "2026-06-04T23:00",
      "2026-06-05T01:00",
    ]);
  });

  test("a calendar is read on the clock of its own zone", () => {
    const times = hours([{ effect: "permit", from: "09:00", to: "11:00" }], "Asia/Tokyo");
    assert.deepEqual(listed(times, "2026-05-29T12:00:00Z", 3), [
      "2026-05-30T00:00",
      "2026-05-30T01:00",
      "2026-05-31T00:00",
    ]);
  });

  test("a stretch between two moments is denied from its beginning up to its end", () => {
    const times = hours([{ effect: "deny", startsAt: "2026-05-29T13:00:00Z", endsAt: "2026-05-31T09:00:00Z" }]);
    assert.deepEqual(listed(times, "2026-05-29T11:00:00Z", 3), [
      "2026-05-29T12:00",
      "2026-05-31T09:00",
      "2026-05-31T10:00",
    ]);
  });

  test("a window is open whenever the clock shows its hours, each time where the clock shows them twice", () => {
    const during = (windows: DueTimesOf["calendars"][number]["windows"], timeZone: string, from: string, to: string) =>
      dueTimes({ kind: "minutes", every: 30 }, { calendars: [{ timeZone, windows }] })
        .between(Date.parse(from), Date.parse(to), 20)
        .map((due) => new Date(due).toISOString().slice(11, 16));
    // From 02:59 the clock goes back to 02:00, at 01:00 UTC.
    const paris = ["Europe/Paris", "2026-10-24T23:29:00Z", "2026-10-25T02:00:00Z"] as const;
    assert.deepEqual(during([{ effect: "deny", from: "02:00", to: "02:30" }], ...paris), [
      "23:30",
      "00:30",
      "01:30",
      "02:00",
    ]);
    assert.deepEqual(during([{ effect: "permit", from: "02:30", to: "03:00" }], ...paris), ["00:30", "01:30"]);
    // From 02:59 it goes back to 01:00.
    const troll = ["Antarctica/Troll", "2026-10-24T22:59:00Z", "2026-10-25T03:00:00Z"] as const;
    assert.deepEqual(during([{ effect: "permit", from: "02:00", to: "18:00" }], ...troll), [
      "00:00",
      "00:30",
      "02:00",
      "02:30",
      "03:00",
    ]);
  });

  test("all calendars of a schedule must permit a time", () => {
    const times = dueTimes(cron("0 * * * *"), {
      calendars: [
        { timeZone: "UTC", windows: [{ effect: "permit", from: "08:00", to: "10:00" }] },
        { timeZone: "UTC", windows: [{ effect: "deny", from: "00:00", to: "09:00", weekdays: ["sat", "sun"] }] },
      ],
    });
    assert.deepEqual(listed(times, "2026-05-29T09:00:00Z", 3), [
      "2026-05-30T09:00",
      "2026-05-31T09:00",
      "2026-06-01T08:00",
    ]);
  });

  test("a calendar that permits nothing any more, or never, ends the search soon", () => {
    assert.equal(hours([{ effect: "permit", lastDate: "2024-12-31" }]).after(Date.UTC(2025, 0, 2)), null);
    assert.equal(hours([{ effect: "deny" }]).after(Date.UTC(2025, 0, 2)), null);
    const never = dueTimes(cron("0 12 * * *"), {
      calendars: [{ timeZone: "UTC", windows: [{ effect: "permit", from: "13:00", to: "14:00" }] }],
    });
    assert.equal(never.after(Date.UTC(2025, 0, 2)), null);
  });
});
