import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UserError } from "../../../contract/user-error.ts";
import { civilDate } from "../civil-day.ts";
import { readCron } from "./cron-expression.ts";

const day = 86_400_000;

/** Dates of 2026 on which it is due, as `MM-DD`. */
function dates(expression: string, most = 400): string[] {
  const { days } = readCron(expression);
  const last = Date.UTC(2026, 11, 31) / day;
  const found: string[] = [];
  for (let due = days.from(Date.UTC(2026, 0, 1) / day, last); due !== undefined; due = days.from(due + 1, last)) {
    const { month, day: date } = civilDate(due);
    found.push(`${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`);
  }
  return found.slice(0, most);
}

/** Times of day at which it is due. */
function times(expression: string): string[] {
  const { times: ofDay } = readCron(expression);
  const found: string[] = [];
  for (let due = ofDay.from(0); due !== undefined; due = ofDay.from(due + 1)) {
    found.push(new Date(due * 1000).toISOString().slice(11, 19));
  }
  return found;
}

describe("cron expressions", () => {
  test("hold lists, ranges, steps, and ranges that go over the end", () => {
    assert.deepEqual(times("15,45 8-10/2 * * *"), ["08:15:00", "08:45:00", "10:15:00", "10:45:00"]);
    assert.deepEqual(times("0 22-1 * * *"), ["00:00:00", "01:00:00", "22:00:00", "23:00:00"]);
    assert.deepEqual(times("10/20 5 * * *"), ["05:10:00", "05:30:00", "05:50:00"]);
    assert.equal(times("* * * * *").length, 1440);
  });

  test("have seconds as the first of six fields", () => {
    assert.deepEqual(times("5,35 0 12 * * *"), ["12:00:05", "12:00:35"]);
    assert.equal(times("* * * * * *").length, 86_400);
  });

  test("name months and days of the week, in any case, Sunday being 0 and 7", () => {
    assert.deepEqual(dates("0 0 1 jan-mar,DEC *"), ["01-01", "02-01", "03-01", "12-01"]);
    assert.deepEqual(dates("0 0 * * FRI-MON", 5), ["01-02", "01-03", "01-04", "01-05", "01-09"]);
    assert.deepEqual(dates("0 0 ? * 7"), dates("0 0 * * SUN"));
    assert.deepEqual(dates("0 0 * * 0"), dates("0 0 * * SUN"));
    assert.equal(dates("0 0 * * 5-7").length, 156);
  });

  test("a day is due that fits either field of days, or both where one is not restricted", () => {
    assert.deepEqual(dates("0 0 13 * FRI", 4), ["01-02", "01-09", "01-13", "01-16"]);
    assert.deepEqual(dates("0 0 */2 * MON", 3), ["01-05", "01-19", "02-09"]);
  });

  test("know the last days of a month, and those before them", () => {
    assert.deepEqual(dates("0 0 L * *", 3), ["01-31", "02-28", "03-31"]);
    assert.deepEqual(dates("0 0 L-2 * ?", 3), ["01-29", "02-26", "03-29"]);
    assert.deepEqual(dates("0 0 LW * *", 3), ["01-30", "02-27", "03-31"]);
    assert.deepEqual(dates("0 0 1,L * *", 3), ["01-01", "01-31", "02-01"]);
  });

  test("know the day of Monday to Friday nearest to a day, in the same month", () => {
    assert.deepEqual(dates("0 0 1W * *", 6), ["01-01", "02-02", "03-02", "04-01", "05-01", "06-01"]);
    assert.deepEqual(dates("0 0 15W 2,3,8,11 *"), ["02-16", "03-16", "08-14", "11-16"]);
    assert.deepEqual(dates("0 0 31W 1,5,10 *"), ["01-30", "05-29", "10-30"]);
  });

  test("know the nth and the last of a day of the week", () => {
    assert.deepEqual(dates("0 0 * * 5#3", 3), ["01-16", "02-20", "03-20"]);
    assert.deepEqual(dates("0 0 * * MON#1,5L", 4), ["01-05", "01-30", "02-02", "02-27"]);
    assert.deepEqual(dates("0 0 * * SUN#5"), ["03-29", "05-31", "08-30", "11-29"]);
  });

  test("may be @hourly, @daily and their like", () => {
    assert.deepEqual(times("@Daily"), ["00:00:00"]);
    assert.equal(times("@hourly").length, 24);
    assert.deepEqual(dates("@yearly"), ["01-01"]);
    assert.deepEqual(dates("@weekly", 2), ["01-04", "01-11"]);
  });

  const refused: readonly [string, RegExp][] = [
    ["", /1 fields/],
    ["* * * *", /4 fields/],
    ["* * * * * * *", /7 fields/],
    ["60 * * * *", /60 is not among the minutes, 0 to 59/],
    ["* 24 * * *", /24 is not among the hours/],
    ["* * 0 * *", /0 is not among the days of the month/],
    ["* * * 13 *", /13 is not among the months/],
    ["* * * * 8", /8 is not among the days of the week/],
    ["*/0 * * * *", /step/],
    ["1-2-3 * * * *", /no range/],
    ["5- * * * *", /no range/],
    ["*/5/5 * * * *", /two steps/],
    ["a * * * *", /"a" is no number of minutes/],
    ["* * * FOO *", /one of JAN, FEB/],
    ["* * * * L", /write SAT/],
    ["* * * * 5#6", /1 to 5/],
    ["* * L-31 * *", /31 days before/],
    ["* * 32W * *", /32 is not among/],
    ["1,,2 * * * *", /no range/],
    ["@reboot", /@reboot is none of @yearly/],
    ["-1 * * * *", /no range/],
    ["1.5 * * * *", /no number/],
  ];
  for (const [expression, problem] of refused) {
    test(`"${expression}" is refused, saying why`, () => {
      assert.throws(
        () => readCron(expression),
        (error) => error instanceof UserError && error.code === "invalid-cron" && problem.test(error.message),
      );
    });
  }
});
