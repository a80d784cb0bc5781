import { jitterOf } from "../../../src/schedules/recurrence/jitter.ts";
import type { WallMinute } from "../../../src/schedules/recurrence/testing/minute-walk.ts";
import { walkMinutes } from "../../../src/schedules/recurrence/testing/minute-walk.ts";
import type { Scheduler } from "../../../src/schedules/scheduler.ts";
import { ScheduleWorld } from "../../../src/schedules/testing/schedule-world.ts";
import type {
  StoredSchedule,
  StoredScheduledTime,
  StoredScheduleLink,
} from "../../../src/store/operations/schedules.ts";
import type { Random, RandomRule } from "./random-rules.ts";
import { randomRule, windowOf } from "./random-rules.ts";

export interface SchedulesRun {
  zones: readonly string[];
  /** The first day, such as `2026-01-01`, and how many days pass. */
  from: string;
  days: number;
  /** Of each zone. */
  schedules: number;
  seed: number;
  progress?: (text: string) => void;
}

export interface SchedulesResult {
  /** What was found, by what should hold. */
  violations: Record<string, string[]>;
  started: number;
  missed: number;
  disturbances: Record<string, number>;
}

const day = 86_400_000;
const minute = 60_000;
const missedAfter = minute;

/** A schedule of the run. */
interface Watched {
  rule: RandomRule;
  schedule: StoredSchedule;
  link: StoredScheduleLink;
  /** When it is due, found by walking through every minute. */
  expected: number[];
}

/** From the last look before to the first one after it nothing could be started. */
interface Outage {
  from: number;
  to: number;
}

/**
 * Lets days pass in zones, with two services that fire at once, and meanwhile outages, crashes and clocks that jump back and ahead.
 * Then each time has to be accounted for: what is due is found by a walk through every minute, and not by the product.
 */
export async function runSchedules(run: SchedulesRun): Promise<SchedulesResult> {
  const result: SchedulesResult = {
    violations: {
      "one job for each time": [],
      "every time is accounted for, once": [],
      "nothing is started that is not due": [],
      "nothing is missed but in outages": [],
      "missed times are made up for as the rule says": [],
      "nothing that is still to come is told as missed": [],
    },
    started: 0,
    missed: 0,
    disturbances: {},
  };
  for (const [index, zone] of run.zones.entries()) {
    const random = randomNumbers(run.seed + index);
    const begun = performance.now();
    const before = result.started;
    await runZone(zone, run, random, result);
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    run.progress?.(`${index + 1} of ${run.zones.length}: ${zone}, ${result.started - before} jobs, ${seconds} s`);
  }
  return result;
}

async function runZone(zone: string, run: SchedulesRun, random: Random, result: SchedulesResult): Promise<void> {
  const from = Date.parse(run.from);
  const to = from + run.days * day;
  const world = new ScheduleWorld(from);
  const watched = await watch(world, zone, { from, to, schedules: run.schedules }, random);
  const outages = await live(world, { from, to }, random, result.disturbances, async () => {
    for (const { link, rule } of watched) {
      const told = await world.store.decidedTimes({
        linkId: link.linkId,
        after: world.time,
        until: Number.MAX_SAFE_INTEGER,
      });
      for (const { dueAt } of told.filter(({ outcome }) => outcome === "missed")) {
        const law = "nothing that is still to come is told as missed";
        result.violations[law]?.push(`${zone} ${rule.name} ${new Date(dueAt).toISOString()}`);
      }
    }
  });
  for (const one of watched) {
    await examine(world, zone, one, { outages, to }, result);
  }
}

async function watch(
  world: ScheduleWorld,
  zone: string,
  { from, to, schedules }: { from: number; to: number; schedules: number },
  random: Random,
): Promise<Watched[]> {
  const startDay = wallDay(zone, from);
  const rules = Array.from({ length: schedules }, () => randomRule(random, startDay));
  const walked = rules.filter(({ fits }) => fits !== null);
  const walks = walkMinutes(
    zone,
    from,
    to,
    walked.map(({ fits }) => fits as (wall: WallMinute) => boolean),
  );
  const watched: Watched[] = [];
  for (const rule of rules) {
    const calendar = rule.permitted === null ? null : await addCalendar(world, zone, rule);
    const { schedule, link } = await world.addLink({
      timeZone: zone,
      recurrence: rule.recurrence,
      startsAt: from,
      exceptDates: rule.exceptDates,
      calendarIds: calendar === null ? [] : [calendar],
      jitter: rule.jitter,
      misfire: rule.misfire,
      missedAfter,
    });
    const moments = rule.fits === null ? elapsed(rule, from, to) : (walks[walked.indexOf(rule)] ?? []);
    watched.push({ rule, schedule, link, expected: permitted(zone, rule, moments) });
  }
  return watched;
}

async function addCalendar(world: ScheduleWorld, zone: string, rule: RandomRule): Promise<string> {
  const { calendarId } = await world.store.createCalendar({
    name: `calendar ${rule.name.slice(0, 20)} ${Math.floor(performance.now() * 1e6)}`,
    description: "",
    timeZone: zone,
    windows: rule.permitted === null ? [] : [windowOf(rule.permitted)],
    changedBy: "campaign",
  });
  return calendarId;
}

/** Moments of a rule that goes by elapsed time. */
function elapsed({ recurrence }: RandomRule, from: number, to: number): number[] {
  const unit = recurrence.kind === "hours" ? 3_600_000 : minute;
  const every = "every" in recurrence ? recurrence.every * unit : to;
  const moments: number[] = [];
  for (let moment = from + every; moment < to; moment += every) moments.push(moment);
  return moments;
}

/** Those that neither an excepted date nor the calendar denies, as Intl reads the clock. */
function permitted(zone: string, { exceptDates, permitted: hours }: RandomRule, moments: number[]): number[] {
  if (exceptDates.length === 0 && hours === null) return moments;
  const format = clockFormat(zone);
  return moments.filter((moment) => {
    const { year, month, day: date, hour } = readClock(format, moment);
    const text = `${year}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`;
    return !exceptDates.includes(text) && (hours === null || (hour >= hours.from && hour < hours.to));
  });
}

/** Lets time pass until its end. @param disturbed called after each disturbance. @returns when nothing could be started */
async function live(
  world: ScheduleWorld,
  { from, to }: { from: number; to: number },
  random: Random,
  disturbances: Record<string, number>,
  disturbed: () => Promise<void>,
): Promise<Outage[]> {
  let services: Scheduler[] = [world.scheduler(), world.scheduler()];
  const look = async () => {
    await Promise.all(services.map((service) => service.look()));
  };
  const outages: Outage[] = [];
  const kinds = ["outage", "crash", "clock back", "clock ahead"] as const;
  let nextDisturbance = from + random(10 * day);
  await look();
  for (;;) {
    const starts = services.map(({ nextStartAt }) => nextStartAt ?? Number.POSITIVE_INFINITY);
    const next = Math.max(world.time + 1, Math.min(...starts, nextDisturbance, to - 1));
    world.time = Math.min(next, to - 1);
    if (world.time < nextDisturbance) {
      await look();
      if (world.time >= to - 1) return outages;
      continue;
    }
    const kind = kinds[random(kinds.length)] ?? "crash";
    disturbances[kind] = (disturbances[kind] ?? 0) + 1;
    const { time } = world;
    switch (kind) {
      case "outage": {
        const end = Math.min(to - 1, time + random(random(4) === 0 ? 20 * day : 8 * 3_600_000));
        outages.push({ from: time, to: end });
        world.time = end;
        services = random(2) === 0 ? services : [world.scheduler(), world.scheduler()];
        break;
      }
      case "crash":
        services = [world.scheduler(), ...services.slice(1)];
        break;
      case "clock back":
        world.time = Math.max(from, time - random(3 * 3_600_000));
        break;
      case "clock ahead":
        world.time = time + random(30 * day);
        await look();
        world.time = time;
        break;
    }
    await look();
    await disturbed();
    nextDisturbance = Math.max(time, world.time) + day + random(20 * day);
  }
}

async function examine(
  world: ScheduleWorld,
  zone: string,
  { rule, schedule, link, expected }: Watched,
  { outages, to }: { outages: Outage[]; to: number },
  result: SchedulesResult,
): Promise<void> {
  const { violations } = result;
  const say = (law: keyof typeof violations, due: number, more = "") =>
    violations[law]?.push(`${zone} ${rule.name} ${new Date(due).toISOString()} ${more}`);
  const told = await world.store.decidedTimes({ linkId: link.linkId, after: 0, until: Number.MAX_SAFE_INTEGER });
  // What a clock that was ahead told of the time after the end is not looked at.
  const ended = told.filter(({ dueAt }) => dueAt < to - rule.jitter - missedAfter);
  const jobs = world.jobsOf(schedule).filter((due) => due < to - rule.jitter - missedAfter);
  const started = new Set(ended.filter(({ outcome }) => outcome === "started").map(({ dueAt }) => dueAt));
  for (const [index, due] of jobs.entries()) {
    if (jobs[index + 1] === due) say("one job for each time", due);
    if (!started.has(due)) say("one job for each time", due, "its row is not there");
  }
  if (jobs.length !== started.size) say("one job for each time", 0, `${jobs.length} jobs, ${started.size} rows`);
  const rows = new Map(told.map((time) => [time.dueAt, time]));
  const due = expected.filter((moment) => moment < to - rule.jitter - missedAfter);
  const isExpected = new Set(due);
  for (const moment of started) if (!isExpected.has(moment)) say("nothing is started that is not due", moment);
  const missed = missedOf(ended, due);
  for (const moment of due) {
    const isMissed = missed.has(moment);
    if (started.has(moment) === isMissed) {
      say("every time is accounted for, once", moment, isMissed ? "both" : "neither");
    }
  }
  const within = (moment: number) =>
    outages.some((outage) => moment + rule.jitter >= outage.from && moment <= outage.to);
  for (const moment of missed)
    if (!within(moment)) say("nothing is missed but in outages", moment, decidedText(rows.get(moment)));
  for (const outage of outages) {
    const late = due.filter(
      (moment) =>
        moment + jitterOf(link.linkId, moment, rule.jitter) > outage.from &&
        moment < outage.to - rule.jitter - missedAfter,
    );
    // What another disturbance decided, such as a clock that was ahead, is not this outage's.
    if (late.some((moment) => (rows.get(moment)?.decidedAt ?? outage.to) !== outage.to)) continue;
    const made = late.filter((moment) => started.has(moment)).length;
    const most = { skip: 0, "run-once": 1, "run-all": "most" in rule.misfire ? rule.misfire.most : 0 };
    const wanted = Math.min(late.length, most[rule.misfire.rule]);
    if (made !== wanted && !isDisturbed(outage, outages)) {
      say("missed times are made up for as the rule says", outage.from, `${made} of ${late.length}, not ${wanted}`);
    }
  }
  result.started += started.size;
  result.missed += missed.size;
}

function decidedText(time: StoredScheduledTime | undefined): string {
  return time === undefined ? "told with others" : `decided ${new Date(time.decidedAt).toISOString()}`;
}

/** Whether another outage is so near that both have times in common. */
function isDisturbed(outage: Outage, outages: Outage[]): boolean {
  return outages.some(
    (other) => other !== outage && other.from <= outage.to + 10 * minute && outage.from <= other.to + 10 * minute,
  );
}

/** Times that were told as missed, those told in one with others included. */
function missedOf(told: readonly StoredScheduledTime[], due: readonly number[]): Set<number> {
  const missed = new Set<number>();
  for (const { outcome, dueAt, upTo } of told) {
    if (outcome !== "started") {
      missed.add(dueAt);
      if (upTo !== null) for (const moment of due) if (moment > dueAt && moment <= upTo) missed.add(moment);
    }
  }
  return missed;
}

function clockFormat(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
  });
}

function readClock(format: Intl.DateTimeFormat, moment: number) {
  const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day: date = 0, hour = 0 } = parts;
  return { year, month, day: date, hour };
}

function wallDay(zone: string, moment: number): number {
  const { year, month, day: date } = readClock(clockFormat(zone), moment);
  return Date.UTC(year, month - 1, date) / day;
}

/** The same numbers for the same seed (mulberry32). */
function randomNumbers(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
