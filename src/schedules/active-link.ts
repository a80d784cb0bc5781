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

  /** @param now what a clock that was ahead decided later than that is decided again */
  constructor(link: StoredScheduleLink, schedule: StoredSchedule, times: DueTimes, now: number) {
    this.link = link;
    this.schedule = schedule;
    this.times = times;
    this.#decidedUntil = link.decidedUntil > now ? now - schedule.jitter : link.decidedUntil;
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

  /** Notes that the clock went back: what is still to come, or waits for its jitter, is not decided. */
  clockWentBack(now: number): void {
    if (this.#decidedUntil > now) {
      this.decided(now - this.schedule.jitter);
    }
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

  #missedTimes(
    { after, until }: { after: number; until: number },
    known: readonly StoredScheduledTime[],
    why: string,
  ): DueWork {
    const most = runsOf(this.schedule.misfire);
    const latest = this.times.latest(after, until, most + toldOneByOne + 1);
    const decided = new Set(known.map(({ dueAt }) => dueAt));
    const open = latest.filter((dueAt) => !decided.has(dueAt));
    const starts = most === 0 ? [] : open.slice(-most);
    const missed: UnstartedTime[] = open.slice(0, open.length - starts.length).map((dueAt) => ({
      dueAt,
      upTo: null,
      outcome: "missed",
      reason: why,
    }));
    const first = this.times.after(after);
    const [oldest] = missed;
    if (oldest !== undefined && latest.length > most + toldOneByOne && first !== null && first < oldest.dueAt) {
      missed[0] = { ...oldest, dueAt: first, upTo: oldest.dueAt };
    }
    const [firstStart] = starts;
    const decidedUntil = firstStart === undefined ? until : (missed.at(-1)?.upTo ?? missed.at(-1)?.dueAt ?? null);
    return { missed, starts, decidedUntil };
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
