import { authorize, permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import { refuseUnusableCredentials } from "../access/usable-credentials.ts";
import { isoTime } from "../contract/api/iso-time.ts";
import type { Page } from "../contract/api/page.ts";
import type {
  DueTimeResource,
  ForecastResource,
  Recurrence,
  ScheduledTimeOutcome,
  ScheduledTimeResource,
  ScheduleResource,
} from "../contract/api/schedule.ts";
import { isId } from "../contract/id.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import type { JobsFeature } from "../jobs/jobs-feature.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { StoredSchedule, StoredScheduleLink, StoredScheduleSettings } from "../store/operations/schedules.ts";
import { noSuchRunbook } from "../store/runbook-refusals.ts";
import { noSuchSchedule, noSuchScheduleLink } from "../store/schedule-refusals.ts";
import { readTimeKey, timeKey } from "../store/schedule-rows.ts";
import type { Store } from "../store/store.ts";
import { Calendars } from "./calendars.ts";
import { forecast } from "./forecast.ts";
import { linkParameters } from "./link-secrets.ts";
import type { DueTimes } from "./recurrence/due-times.ts";
import { ScheduleLinks } from "./schedule-links.ts";
import { checkedName, invalidSchedule } from "./schedule-names.ts";
import { scheduledTimeResource, scheduleResource } from "./schedule-resources.ts";
import type { ScheduleChange } from "./schedule-settings.ts";
import { changedSettings, isDueOtherwise, newSchedule, startsOtherwise } from "./schedule-settings.ts";
import { maySeeLink, runbookTarget, scheduleTarget } from "./schedule-targets.ts";
import { Scheduler } from "./scheduler.ts";
import { dueTimesOf } from "./stored-due-times.ts";

/*
 * Schedules: runbooks that start without anybody asking.
 *
 *   recurrence/         when a schedule is due: pure functions of its settings, calendars and time zone
 *   schedule-settings   what people say of schedules, checked
 *   schedule-links      which runbooks they start, with which parameters
 *   calendars           when they may run; from iCalendar files, too
 *   scheduler           starts what is due, and notes what became of each time
 *   active-link         what is to be done about the times of one link: due, missed, made up for
 *   forecast            the runs to come of all links
 *
 * Exactly one job for each time of a link: the transaction that accepts the job writes the time's row, and its key is unique.
 */

export interface SchedulesOptions {
  store: Pick<Store, "read" | "write" | "once">;
  logger: Logger;
  leadership: Leadership;
  jobs: Pick<JobsFeature, "startJob" | "checkStart">;
  /** See `AccessFeature.principal`. */
  principal(principalId: string): Promise<Principal | null>;
  /** Seals secret parameters of links. */
  sealer: Sealer;
}

/** Days ahead that a forecast reaches. */
const longestForecast = 400;

/** Links that are read at once. */
const linksAtOnce = 500;

export class SchedulesFeature {
  readonly calendars: Calendars;
  readonly links: ScheduleLinks;
  readonly #store: SchedulesOptions["store"];
  readonly #scheduler: Scheduler;
  /** By schedule, as it was when its revision was this. */
  readonly #times = new Map<string, { revision: number; times: DueTimes }>();

  constructor({ store, logger, leadership, jobs, principal, sealer }: SchedulesOptions) {
    const sealed = linkParameters(sealer);
    this.#store = store;
    this.calendars = new Calendars(store);
    this.links = new ScheduleLinks({
      store,
      sealed,
      checkStart: (request) => jobs.checkStart(request),
      nextDueOf: async ({ scheduleId }) => {
        const schedule = await store.read.schedule({ schedule: scheduleId });
        return schedule === null ? null : this.#nextDueOf(schedule);
      },
    });
    this.#scheduler = new Scheduler({
      store,
      logger,
      leadership,
      sealed,
      startJob: (request) => jobs.startJob(request),
      principal,
      refuseUnusableCredentials: (names, starter) => refuseUnusableCredentials(store, names, starter),
    });
  }

  start(): void {
    this.#scheduler.start();
  }

  /** Ends what is under way; what is due from then on is for another service, or for the next start. */
  stop(): Promise<void> {
    return this.#scheduler.stop();
  }

  /** By name: those that the caller may read. */
  async list(page: { after?: string; limit: number }, caller: Principal): Promise<Page<ScheduleResource>> {
    const { items, next } = await this.#store.read.schedules(page);
    const shown = items.filter(({ scheduleId }) => permits(caller, "read", scheduleTarget(scheduleId)));
    return { items: await Promise.all(shown.map((schedule) => this.#resource(schedule, caller))), next };
  }

  /** @throws UserError `schedule-not-found` (404) */
  async get(schedule: string, caller: Principal): Promise<ScheduleResource> {
    return this.#resource(await this.#find(schedule, caller), caller);
  }

  /**
   * @throws UserError `schedule-exists` (409), `schedule-never-due`, `invalid-schedule`, `invalid-cron` (422), `calendar-not-found` (404),
   * `not-permitted` (403)
   */
  async create(
    { name, recurrence, ...change }: ScheduleChange & { name: string; recurrence: Recurrence },
    caller: Principal,
    idempotency?: IdempotencyKey,
  ): Promise<ScheduleResource> {
    authorize(caller, "edit", { kind: "everything" }, "schedules, which are everybody's");
    const checked = checkedName("schedule", name);
    if (recurrence.kind === "once" && change.startsAt === undefined) {
      throw invalidSchedule("/startsAt", "A schedule that is due once says when: startsAt.");
    }
    const { now } = await this.#store.read.scheduleClock();
    const { settings, times } = await changedSettings(newSchedule(recurrence, now), change, this.#store, caller);
    refuseNeverDue(times, settings, now);
    const writes = idempotency === undefined ? this.#store.write : this.#store.once(idempotency);
    return this.#resource(await writes.createSchedule({ ...settings, name: checked, changedBy: caller.name }), caller);
  }

  /**
   * Changes the settings that are given. One that is due at other times, or is enabled, has only times from now on.
   * One that is disabled, or of which nothing changes but the description, needs no right on what it starts; any other change does.
   * @throws UserError `schedule-not-found` (404), `revision-mismatch` (412), and what `create` throws
   */
  async change(
    { schedule, expectedRevision, ...change }: ScheduleChange & { schedule: string; expectedRevision?: number },
    caller: Principal,
  ): Promise<ScheduleResource> {
    const former = await this.#find(schedule, caller);
    authorize(caller, "edit", scheduleTarget(former.scheduleId), `the schedule ${former.name}`);
    const { settings, times } = await changedSettings(former, change, this.#store, caller);
    if (settings.enabled && startsOtherwise(former, settings)) {
      await this.#authorizeStarts(former, caller);
    }
    const isOtherwise = isDueOtherwise(former, settings);
    if (isOtherwise) {
      refuseNeverDue(times, settings, (await this.#store.read.scheduleClock()).now);
    }
    return this.#resource(
      await this.#store.write.changeSchedule({
        ...settings,
        scheduleId: former.scheduleId,
        changedBy: caller.name,
        expectedRevision: expectedRevision ?? former.revision,
        afresh: isOtherwise || (settings.enabled && !former.enabled),
      }),
      caller,
    );
  }

  /** Removes it with its links. @throws UserError `schedule-not-found` (404), `revision-mismatch` (412), `not-permitted` (403) */
  async remove(of: { schedule: string; expectedRevision?: number }, caller: Principal): Promise<void> {
    const { scheduleId, name } = await this.#find(of.schedule, caller);
    authorize(caller, "edit", scheduleTarget(scheduleId), `the schedule ${name}`);
    const { expectedRevision } = of;
    await this.#store.write.removeSchedule({
      schedule: scheduleId,
      ...(expectedRevision !== undefined && { expectedRevision }),
    });
    this.#times.delete(scheduleId);
  }

  /** The times at which it is due after a moment, now by default, also when it is disabled. @throws UserError `schedule-not-found` (404) */
  async nextTimes(
    of: { schedule: string; count: number; after?: string },
    caller: Principal,
  ): Promise<Page<DueTimeResource>> {
    const schedule = await this.#find(of.schedule, caller);
    const times = await this.#timesOf(schedule);
    const after = of.after === undefined ? (await this.#store.read.scheduleClock()).now : Date.parse(of.after);
    const due = times.between(after, Number.POSITIVE_INFINITY, of.count);
    return { items: due.map((dueAt) => ({ dueAt: isoTime(dueAt), localTime: times.clock.text(dueAt) })), next: null };
  }

  /** The runs to come of all links that the caller may see. @throws UserError `invalid-period`, `invalid-page-key` */
  async forecast(
    of: { from?: string; to?: string; schedule?: string; runbook?: string; after?: string; limit: number },
    caller: Principal,
  ): Promise<Page<ForecastResource>> {
    const { now, schedules, calendars, links } = await this.#store.read.activeSchedules();
    const from = of.from === undefined ? now : Date.parse(of.from);
    const to = of.to === undefined ? from + 7 * 86_400_000 : Date.parse(of.to);
    if (!(from <= to && to - from <= longestForecast * 86_400_000)) {
      throw new UserError("invalid-period", `A forecast is of a period of up to ${longestForecast} days.`, {
        remedy: "Say where it begins (from) and ends (to).",
      });
    }
    const byId = new Map(schedules.map((schedule) => [schedule.scheduleId, schedule]));
    const named = (given: string | undefined, id: string, name: string) =>
      given === undefined || given.toLowerCase() === id || given.toLowerCase() === name.toLowerCase();
    const shown = links.flatMap((link) => {
      const schedule = byId.get(link.scheduleId);
      return schedule !== undefined &&
        maySeeLink(caller, link) &&
        named(of.schedule, link.scheduleId, link.scheduleName) &&
        named(of.runbook, link.runbookId, link.runbookName)
        ? [
            {
              link,
              schedule,
              times: this.#remembered(schedule) ?? this.#remember(schedule, dueTimesOf(schedule, calendars)),
            },
          ]
        : [];
    });
    const after = of.after === undefined ? undefined : pageKey(of.after);
    const { items, next } = forecast(shown, { from, to, after, limit: of.limit });
    return { items, next: next === null ? null : timeKey(next) };
  }

  /** What became of times, the latest due time first: of links that the caller may see. @throws UserError `invalid-page-key` */
  async history(
    of: {
      link?: string;
      schedule?: string;
      runbook?: string;
      outcome?: ScheduledTimeOutcome;
      since?: string;
      until?: string;
      after?: string;
      limit: number;
    },
    caller: Principal,
  ): Promise<Page<ScheduledTimeResource>> {
    if (of.after !== undefined) {
      pageKey(of.after);
    }
    const { items, next } = await this.#store.read.scheduledTimes({
      limit: of.limit,
      ...(of.after !== undefined && { after: of.after }),
      ...(of.outcome !== undefined && { outcome: of.outcome }),
      ...(of.since !== undefined && { since: Date.parse(of.since) }),
      ...(of.until !== undefined && { until: Date.parse(of.until) }),
      ...(of.link !== undefined && { linkId: linkId(of.link) }),
      ...(of.schedule !== undefined && { scheduleId: await this.#scheduleId(of.schedule, caller) }),
      ...(of.runbook !== undefined && { runbookId: await this.#runbookId(of.runbook, caller) }),
    });
    return { items: items.filter((time) => maySeeLink(caller, time)).map(scheduledTimeResource), next };
  }

  /** Who decides when runbooks are started may start each of them. @throws UserError `not-permitted` (403) */
  async #authorizeStarts({ scheduleId, name }: StoredSchedule, caller: Principal): Promise<void> {
    let after: string | null = null;
    do {
      const page: { items: StoredScheduleLink[]; next: string | null } = await this.#store.read.scheduleLinks({
        scheduleId,
        limit: linksAtOnce,
        ...(after !== null && { after }),
      });
      for (const link of page.items) {
        authorize(caller, "operate", runbookTarget(link), `every runbook that the schedule ${name} starts`);
      }
      after = page.next;
    } while (after !== null);
  }

  async #resource(schedule: StoredSchedule, caller: Principal): Promise<ScheduleResource> {
    const mayRead = (calendarId: string) => permits(caller, "read", scheduleTarget(calendarId));
    return scheduleResource(schedule, await this.#nextDueOf(schedule), mayRead);
  }

  async #nextDueOf(schedule: StoredSchedule): Promise<number | null> {
    if (!schedule.enabled) {
      return null;
    }
    return (await this.#timesOf(schedule)).after((await this.#store.read.scheduleClock()).now);
  }

  async #timesOf(schedule: StoredSchedule): Promise<DueTimes> {
    const remembered = this.#remembered(schedule);
    if (remembered !== undefined) {
      return remembered;
    }
    const calendars = [];
    for (const calendar of schedule.calendarIds) {
      const found = await this.#store.read.calendar({ calendar });
      calendars.push(...(found === null ? [] : [found]));
    }
    return this.#remember(schedule, dueTimesOf(schedule, calendars));
  }

  #remembered({ scheduleId, revision }: StoredSchedule): DueTimes | undefined {
    const remembered = this.#times.get(scheduleId);
    return remembered?.revision === revision ? remembered.times : undefined;
  }

  #remember({ scheduleId, revision }: StoredSchedule, times: DueTimes): DueTimes {
    this.#times.set(scheduleId, { revision, times });
    return times;
  }

  async #find(schedule: string, caller: Principal): Promise<StoredSchedule> {
    const found = await this.#store.read.schedule({ schedule });
    if (found === null || !permits(caller, "read", scheduleTarget(found.scheduleId))) {
      throw noSuchSchedule(schedule);
    }
    return found;
  }

  /** Also of one that is gone, where its id is given. */
  async #scheduleId(schedule: string, caller: Principal): Promise<string> {
    const id = schedule.toLowerCase();
    return isId(id) ? id : (await this.#find(schedule, caller)).scheduleId;
  }

  async #runbookId(runbook: string, caller: Principal): Promise<string> {
    const id = runbook.toLowerCase();
    if (isId(id)) {
      return id;
    }
    const found = await this.#store.read.runbook({ runbook });
    if (found === null || !permits(caller, "read", runbookTarget(found))) {
      throw noSuchRunbook(runbook);
    }
    return found.runbookId;
  }
}

function refuseNeverDue(
  times: DueTimes,
  { recurrence, startsAt, timeZone }: StoredScheduleSettings,
  now: number,
): void {
  if (recurrence.kind === "once" && startsAt <= now) {
    throw new UserError(
      "schedule-never-due",
      `A schedule that is due once is due at a time to come, and ${times.clock.text(startsAt)} is over.`,
      { status: 422, remedy: `Give a later time, on the clock of ${timeZone}, or another time zone.` },
    );
  }
  if (times.after(now) === null) {
    throw new UserError("schedule-never-due", "The schedule would never be due from now on.", {
      status: 422,
      remedy: "Look at its start, expiry, days and times, excepted dates and calendars: nothing fits them all.",
    });
  }
}

function pageKey(after: string): { dueAt: number; linkId: string } {
  const key = readTimeKey(after);
  if (key === undefined) {
    throw new UserError("invalid-page-key", "The key of the page is not one that a page gave.", {
      remedy: "Use `next` of the page before, or leave `after` out.",
    });
  }
  return key;
}

function linkId(given: string): string {
  const id = given.toLowerCase();
  if (!isId(id)) {
    throw noSuchScheduleLink(given);
  }
  return id;
}
