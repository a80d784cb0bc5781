import type { MisfireRule } from "../contract/api/schedule.ts";
import type {
  SeenLink,
  StoredSchedule,
  StoredScheduledTime,
  StoredScheduleLink,
  UnstartedTime,
} from "../store/operations/schedules.ts";
import type { DueTimes } from "./recurrence/due-times.ts";
import { jitterOf } from "./recurrence/jitter.ts";

/** Of times missed in a row at most so many are told one by one, the latest; those before them are told in one. */
const toldOneByOne = 100;

/** What is to be done about the times of a link up to now. */
export interface DueWork {
  /** Noted first. */
  missed: UnstartedTime[];
  /** Started then, in order. */
  starts: number[];
  /** All times up to this one are decided once the missed ones are noted; null when none is. */
  decidedUntil: number | null;
}

/** A link that runs by itself, and how far its times are decided. Moments are milliseconds by the database's clock. */
export class ActiveLink {
  readonly link: StoredScheduleLink;
  readonly schedule: StoredSchedule;
  readonly times: DueTimes;
  #decidedUntil: number;
  #next: number | null;

  constructor(link: StoredScheduleLink, schedule: StoredSchedule, times: DueTimes) {
    this.link = link;
    this.schedule = schedule;
    this.times = times;
    this.#decidedUntil = link.decidedUntil;
    this.#next = times.after(this.#decidedUntil);
  }

  /** The first time about which nothing is decided; null when there is none. */
  get nextDueAt(): number | null {
    return this.#next;
  }

  /** When that time is started. */
  get nextStartAt(): number | null {
    return this.#next === null ? null : this.#next + this.#jitter(this.#next);
  }

  get seen(): SeenLink {
    const { linkId, scheduleId, revision } = this.link;
    return { linkId, linkRevision: revision, scheduleId, scheduleRevision: this.schedule.revision };
  }

  /** Notes that all times up to this one are decided. */
  decided(until: number): void {
    this.#decidedUntil = until;
    this.#next = this.times.after(until);
  }

  /**
   * Where a clock that was ahead decided what is still to come, or waits for its jitter: the moment up to which times are decided,
   * and the last of these; null where no clock was ahead.
   */
  decidedTooFar(now: number): { until: number; lastDueAt: number | null } | null {
    if (this.#decidedUntil <= now) {
      return null;
    }
    const until = now - this.schedule.jitter;
    const [lastDueAt = null] = this.times.latest(Math.min(until, this.schedule.startsAt - 1), until, 1);
    return { until, lastDueAt };
  }

  /** Whether a time is missed now if it is not started yet. */
  isMissed(dueAt: number, now: number): boolean {
    return dueAt <= this.#missedUntil(now);
  }

  /** Times from which on it may need to be known what is decided already; null when nothing is missed. */
  missedSpan(now: number): { after: number; until: number } | null {
    const until = this.#missedUntil(now);
    return this.#next !== null && this.#next <= until ? { after: this.#decidedUntil, until } : null;
  }

  /**
   * What is to be done now: missed times by the misfire rule, and those whose start has come.
   * @param known what became of times in the `missedSpan`
   * @param startsAtOnce at most so many starts
   * @param why what is told of a missed time
   */
  work(now: number, known: readonly StoredScheduledTime[], startsAtOnce: number, why: string): DueWork {
    const span = this.missedSpan(now);
    const missed = span === null ? null : this.#missedTimes(span, known, why);
    const starts = missed?.starts ?? [];
    const from = span === null ? this.#decidedUntil : span.until;
    for (let due = this.times.after(from); due !== null && starts.length < startsAtOnce; due = this.times.after(due)) {
      if (due + this.#jitter(due) > now) {
        break;
      }
      starts.push(due);
    }
    return { missed: missed?.missed ?? [], starts, decidedUntil: missed?.decidedUntil ?? null };
  }

  #missedTimes(span: { after: number; until: number }, known: readonly StoredScheduledTime[], why: string): DueWork {
    const most = runsOf(this.schedule.misfire);
    const { latest, earlier } = this.#openTimes(span, known, most + toldOneByOne);
    const starts = most === 0 ? [] : latest.slice(-most);
    const missed = [
      ...earlier.map(({ first, last }) => ({ dueAt: first, upTo: last > first ? last : null })),
      ...latest.slice(0, latest.length - starts.length).map((dueAt) => ({ dueAt, upTo: null })),
    ].map((time): UnstartedTime => ({ ...time, outcome: "missed", reason: why }));
    const lastMissed = missed.at(-1);
    const decidedUntil = starts.length === 0 ? span.until : (lastMissed?.upTo ?? lastMissed?.dueAt ?? null);
    return { missed, starts, decidedUntil };
  }

  /**
   * The times of which nothing is known: the latest, `most` at most, and those before them in stretches in which nothing is known of any,
   * all in order.
   */
  #openTimes(
    { after, until }: { after: number; until: number },
    known: readonly StoredScheduledTime[],
    most: number,
  ): { latest: number[]; earlier: { first: number; last: number }[] } {
    const begins = [after, ...known.map(({ dueAt, upTo }) => upTo ?? dueAt)];
    const ends = [...known.map(({ dueAt }) => dueAt - 1), until];
    const latest: number[] = [];
    const earlier: { first: number; last: number }[] = [];
    for (const [index, from] of [...begins.entries()].reverse()) {
      const to = ends[index] ?? until;
      const wanted = most - latest.length;
      const found = wanted > 0 ? this.times.latest(from, to, wanted) : [];
      latest.unshift(...found);
      const before = found.length === 0 ? to : (found[0] ?? to) - 1;
      const [last] = found.length === wanted ? this.times.latest(from, before, 1) : [];
      if (last !== undefined) {
        earlier.unshift({ first: this.times.after(from) ?? last, last });
      }
    }
    return { latest, earlier };
  }

  #missedUntil(now: number): number {
    return now - this.schedule.jitter - this.schedule.missedAfter - 1;
  }

  #jitter(dueAt: number): number {
    return jitterOf(this.link.linkId, dueAt, this.schedule.jitter);
  }
}

/** How many of the latest missed times are run all the same. */
function runsOf(misfire: MisfireRule): number {
  switch (misfire.rule) {
    case "skip":
      return 0;
    case "run-once":
      return 1;
    case "run-all":
      return misfire.most;
  }
}
