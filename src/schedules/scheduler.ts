import { authorize } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import type { SealedParameters } from "../jobs/sealed-parameters.ts";
import type { StartedJob, StartJobRequest } from "../jobs/start-job.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { Store } from "../store/store.ts";
import { ActiveLink } from "./active-link.ts";
import { runbookTarget } from "./schedule-targets.ts";
import { dueTimesOf } from "./stored-due-times.ts";

export interface SchedulerOptions {
  store: {
    read: Pick<Store["read"], "scheduleClock" | "activeSchedules" | "decidedTimes">;
    write: Pick<Store["write"], "noteScheduledTimes" | "forgetMissedTimes" | "purgeScheduledTimes">;
  };
  logger: Logger;
  leadership: Leadership;
  /** What sealed secret parameters. */
  sealed: SealedParameters;
  startJob(request: StartJobRequest): Promise<StartedJob>;
  /** A principal as it is now; null when it is gone or disabled. */
  principal(principalId: string): Promise<Principal | null>;
  /** Rejects when the principal may not give jobs these credentials by their names. */
  refuseUnusableCredentials(names: readonly string[], principal: Principal): Promise<void>;
  /** Milliseconds for which it is kept what became of times. */
  keptFor?: number;
}

/** Milliseconds between two looks whether schedules have changed; what is due comes in between at its time. */
const lookInterval = 1_000;

/** Milliseconds until a schedule is read again that has changed while it was used. */
const changedInterval = 50;

/** Links whose times are started at the same time, and times of one link that are started in one look. */
const linksAtOnce = 50;
const startsAtOnce = 1_000;

/** Milliseconds for which it is kept what became of times, where nothing else is said; how often that is purged, and how many at once. */
const usuallyKeptFor = 30 * 86_400_000;
const purgeInterval = 3_600_000;
const purgedAtOnce = 1_000;

/** Refusals that go away by themselves; the time is tried again until it counts as missed. */
const passing = new Set(["runbook-changed", "analysis-waiting"]);

/**
 * Starts the jobs of schedules, by the database's clock. What is due is worked out in memory and may be old, or be known to another
 * service too: that no time has two jobs, and none a job of a schedule that has changed, is in the transaction that accepts the job.
 * How far the times of a link are decided is stored, so after a crash or an outage it goes on from there, and what was missed is missed
 * or caught up with as the schedule says.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #links = new Map<string, ActiveLink>();
  /** The state of the schedules that is in memory; null when nothing is. */
  #changes: number | null = null;
  #purgedAt = 0;
  /** Why the last start of a link failed, where that may go away. */
  readonly #failures = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** When it has something to start next, as far as it knows; null when nothing. */
  get nextStartAt(): number | null {
    return this.#nextStartAfter(Number.NEGATIVE_INFINITY);
  }

  start(): void {
    this.#lookIn(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  /** Does what is due now. @returns milliseconds until the next time is due, or until the next look */
  async look(): Promise<number> {
    if (!this.#options.leadership.leads) {
      this.#changes = null;
      return lookInterval;
    }
    const { now, changes } = await this.#options.store.read.scheduleClock();
    if (changes !== this.#changes) {
      await this.#load();
    }
    for (const link of this.#links.values()) {
      const tooFar = link.decidedTooFar(now);
      if (tooFar !== null) {
        await this.#decideAgain(link, tooFar);
      }
    }
    const due = [...this.#links.values()].filter(({ nextStartAt }) => nextStartAt !== null && nextStartAt <= now);
    for (let first = 0; first < due.length && !this.#stopped; first += linksAtOnce) {
      await Promise.all(due.slice(first, first + linksAtOnce).map((link) => this.#startDue(link, now)));
    }
    await this.#purge(now);
    if (this.#changes === null) {
      return changedInterval;
    }
    // What could not be started, though its time has come, is tried again with the next look.
    const next = this.#nextStartAfter(now);
    return next === null ? lookInterval : Math.min(lookInterval, next - now);
  }

  #nextStartAfter(now: number): number | null {
    let next: number | null = null;
    for (const { nextStartAt } of this.#links.values()) {
      if (nextStartAt !== null && nextStartAt > now && (next === null || nextStartAt < next)) {
        next = nextStartAt;
      }
    }
    return next;
  }

  #lookIn(milliseconds: number): void {
    if (this.#stopped) {
      return;
    }
    this.#timer = setTimeout(() => {
      const started = performance.now();
      this.#working = this.look().then(
        (wait) => this.#lookIn(Math.max(1, wait - (performance.now() - started))),
        (error: unknown) => {
          this.#options.logger.error("starting what schedules are due failed; it will be tried again", {
            error: String(error),
          });
          this.#lookIn(lookInterval);
        },
      );
    }, milliseconds);
    this.#timer.unref();
  }

  async #load(): Promise<void> {
    const { changes, schedules, calendars, links } = await this.#options.store.read.activeSchedules();
    const byId = new Map(schedules.map((schedule) => [schedule.scheduleId, schedule]));
    const former = this.#links;
    this.#links = new Map();
    for (const link of links) {
      const schedule = byId.get(link.scheduleId);
      if (schedule === undefined) {
        continue;
      }
      try {
        const same = former.get(link.linkId);
        const times = same?.schedule.revision === schedule.revision ? same.times : dueTimesOf(schedule, calendars);
        this.#links.set(link.linkId, new ActiveLink(link, schedule, times));
      } catch (error) {
        this.#options.logger.error("a schedule cannot be read, so it starts nothing", {
          schedule: schedule.name,
          error: String(error),
        });
      }
    }
    this.#changes = changes;
  }

  /** Takes back what a clock that was ahead told of times that are still to come. */
  async #decideAgain(active: ActiveLink, after: { until: number; lastDueAt: number | null }): Promise<void> {
    if (await this.#options.store.write.forgetMissedTimes({ link: active.seen, ...after })) {
      active.decided(after.until);
    } else {
      this.#changes = null;
    }
  }

  async #startDue(active: ActiveLink, now: number): Promise<void> {
    try {
      await this.#work(active, now);
    } catch (error) {
      this.#failures.set(active.link.linkId, String(error));
      this.#options.logger.warn("a schedule could not start a runbook; it will be tried again", {
        schedule: active.schedule.name,
        runbook: active.link.runbookName,
        error: String(error),
      });
    }
  }

  async #work(active: ActiveLink, now: number): Promise<void> {
    const { store } = this.#options;
    const { linkId } = active.link;
    const span = active.missedSpan(now);
    const noted = span === null ? [] : await store.read.decidedTimes({ linkId, ...span });
    // What a clock that was ahead noted as missed is not known: it was still to come.
    const known = noted.filter(({ outcome, decidedAt }) => outcome !== "missed" || decidedAt <= now);
    const why = this.#failures.get(linkId) ?? "no service was there to start it in time";
    const { missed, starts, decidedUntil } = active.work(now, known, startsAtOnce, why);
    if (decidedUntil !== null) {
      if (missed.length > 0 && !(await this.#note(active, missed, decidedUntil))) {
        return;
      }
      active.decided(decidedUntil);
    }
    for (const dueAt of starts) {
      if (this.#stopped || !(await this.#start(active, dueAt))) {
        return;
      }
      active.decided(dueAt);
    }
    this.#failures.delete(linkId);
  }

  /** @returns whether it is decided what became of the time */
  async #start(active: ActiveLink, dueAt: number): Promise<boolean> {
    const { link, schedule } = active;
    const { linkId, secretNames, parametersVersion } = link;
    try {
      await this.#options.startJob({
        runbook: link.runbookId,
        parameters: this.#options.sealed.open(linkId, link.parameters, secretNames, parametersVersion),
        keepSecret: secretNames,
        startedBy: `schedule ${schedule.name}`,
        scheduledFor: { ...active.seen, dueAt },
        ...(link.priority !== null && { priority: link.priority }),
        ...(link.creatorId !== null && (await this.#starter(link.creatorId))),
      });
      return true;
    } catch (error) {
      if (!(error instanceof UserError)) {
        throw error;
      }
      switch (error.code) {
        case "scheduled-time-decided":
          return true;
        case "schedule-changed":
          this.#changes = null;
          return false;
      }
      if (error.status >= 500 || passing.has(error.code)) {
        throw error;
      }
      return this.#note(active, [{ dueAt, upTo: null, outcome: "refused", reason: error.message }], dueAt);
    }
  }

  /**
   * Whose jobs a link's are: a link never starts more than who made it, or set its parameters last, may start now.
   * @throws UserError `schedule-starter-unavailable` (409)
   */
  async #starter(principalId: string): Promise<Pick<StartJobRequest, "starterId" | "admit" | "admitCredentials">> {
    const starter = await this.#options.principal(principalId);
    if (starter === null) {
      throw new UserError(
        "schedule-starter-unavailable",
        "Who made the link, or set its parameters last, is gone or disabled.",
        {
          status: 409,
          remedy: "Who may operate the runbook sets the parameters of the link again, and takes it over.",
        },
      );
    }
    return {
      starterId: principalId,
      admit: (runbook) => authorize(starter, "operate", runbookTarget(runbook), `the runbook ${runbook.name}`),
      admitCredentials: (names) => this.#options.refuseUnusableCredentials(names, starter),
    };
  }

  /** @returns false when the schedule has changed */
  async #note(
    active: ActiveLink,
    times: Parameters<Store["write"]["noteScheduledTimes"]>[0]["times"],
    decidedUntil: number,
  ): Promise<boolean> {
    const noted = await this.#options.store.write.noteScheduledTimes({ link: active.seen, times, decidedUntil });
    if (!noted) {
      this.#changes = null;
      return false;
    }
    const { name } = active.schedule;
    const { runbookName } = active.link;
    const [first] = times;
    this.#options.logger.warn("a schedule started nothing at a time", {
      schedule: name,
      runbook: runbookName,
      times: times.length,
      outcome: first?.outcome ?? "",
      reason: first?.reason ?? "",
    });
    return true;
  }

  async #purge(now: number): Promise<void> {
    if (now - this.#purgedAt < purgeInterval && now >= this.#purgedAt) {
      return;
    }
    this.#purgedAt = now;
    const of = { before: now - (this.#options.keptFor ?? usuallyKeptFor), limit: purgedAtOnce };
    while (!this.#stopped && (await this.#options.store.write.purgeScheduledTimes(of)) === purgedAtOnce) {
      // Until less is left than was asked for.
    }
  }
}
