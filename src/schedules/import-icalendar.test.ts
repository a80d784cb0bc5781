import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { importICalendar } from "./import-icalendar.ts";

const now = Date.parse("2026-06-01T00:00:00Z");

function imported(lines: string, effect: "permit" | "deny" = "deny") {
  const text = `BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n${lines.trim()}\nEND:VCALENDAR\n`;
  return importICalendar({ text: text.replaceAll("\n", "\r\n"), effect, timeZone: "Europe/Paris", now });
}

test("whole days are dates, of which the last one is included", async () => {
  const windows = await imported(`
BEGIN:VEVENT
UID:1
SUMMARY:Christmas\\, closed
DTSTART;VALUE=DATE:20261224
DTEND;VALUE=DATE:20261227
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:National day
DTSTART;VALUE=DATE:20260714
END:VEVENT`);
  assert.deepEqual(windows, [
    { effect: "deny", note: "Christmas, closed", firstDate: "2026-12-24", lastDate: "2026-12-26" },
    { effect: "deny", note: "National day", firstDate: "2026-07-14", lastDate: "2026-07-14" },
  ]);
});

test("times are moments: of UTC, of the zone that they name, or of the calendar's own", async () => {
  const windows = await imported(
    `
BEGIN:VEVENT
UID:1
DTSTART:20260701T100000Z
DTEND:20260701T120000Z
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;TZID=America/New_York:20260701T100000
DURATION:PT90M
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART:20260701T100000
DTEND:20260701T110000
END:VEVENT`,
    "permit",
  );
  assert.deepEqual(windows, [
    { effect: "permit", startsAt: "2026-07-01T10:00:00.000Z", endsAt: "2026-07-01T12:00:00.000Z" },
    { effect: "permit", startsAt: "2026-07-01T14:00:00.000Z", endsAt: "2026-07-01T15:30:00.000Z" },
    { effect: "permit", startsAt: "2026-07-01T08:00:00.000Z", endsAt: "2026-07-01T09:00:00.000Z" },
  ]);
});

test("a zone that only the file knows is read as the file says", async () => {
  const [window] = await imported(`
BEGIN:VTIMEZONE
TZID:Office
BEGIN:STANDARD
DTSTART:20000101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
DTSTART;TZID=Office:20260701T100000
DTEND;TZID=Office:20260701T110000
END:VEVENT`);
  assert.equal(window?.startsAt, "2026-07-01T04:30:00.000Z");
});

test("recurrences are written out, without excepted, moved and cancelled times as they were, over daylight saving too", async () => {
  const windows = await imported(`
BEGIN:VEVENT
UID:1
SUMMARY:Maintenance
DTSTART;TZID=Europe/Paris:20261011T020000
DTEND;TZID=Europe/Paris:20261011T040000
RRULE:FREQ=WEEKLY;COUNT=5
EXDATE;TZID=Europe/Paris:20261018T020000
END:VEVENT
BEGIN:VEVENT
UID:1
RECURRENCE-ID;TZID=Europe/Paris:20261101T020000
SUMMARY:Maintenance\\, later
DTSTART;TZID=Europe/Paris:20261101T050000
DTEND;TZID=Europe/Paris:20261101T060000
END:VEVENT
BEGIN:VEVENT
UID:1
RECURRENCE-ID;TZID=Europe/Paris:20261108T020000
STATUS:CANCELLED
DTSTART;TZID=Europe/Paris:20261108T020000
DTEND;TZID=Europe/Paris:20261108T040000
END:VEVENT`);
  assert.deepEqual(
    windows.map(({ note, startsAt, endsAt }) => `${note} ${startsAt?.slice(0, 16)} ${endsAt?.slice(0, 16)}`),
    [
      "Maintenance 2026-10-11T00:00 2026-10-11T02:00",
      "Maintenance 2026-10-25T00:00 2026-10-25T03:00",
      "Maintenance, later 2026-11-01T04:00 2026-11-01T05:00",
    ],
  );
});

test("what recurs for ever is written out for ten years, from a year ago on", async () => {
  const windows = await imported(`
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20100101
RRULE:FREQ=YEARLY
END:VEVENT`);
  assert.equal(windows[0]?.firstDate, "2026-01-01");
  assert.equal(windows.at(-1)?.firstDate, "2036-01-01");
});

test("what is no calendar, has no event to come, or too many is refused with the reason", async () => {
  const refused = async (work: Promise<unknown>, problem: RegExp) => {
    await assert.rejects(
      work,
      (error) => error instanceof UserError && error.code === "invalid-icalendar" && problem.test(error.message),
    );
  };
  await refused(importICalendar({ text: "hello", effect: "deny", timeZone: "UTC", now }), /no calendar/);
  await refused(importICalendar({ text: "", effect: "deny", timeZone: "UTC", now }), /calendar/);
  await refused(
    importICalendar({ text: "BEGIN:VCARD\r\nEND:VCARD", effect: "deny", timeZone: "UTC", now }),
    /VCALENDAR/,
  );
  await refused(imported("BEGIN:VEVENT\nUID:1\nDTSTART:20200101T000000Z\nEND:VEVENT"), /no event/);
  await refused(
    imported("BEGIN:VEVENT\nUID:1\nDTSTART:20260601T000000Z\nRRULE:FREQ=MINUTELY\nEND:VEVENT"),
    /more than 5000/,
  );
});
