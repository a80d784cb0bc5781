import { v7 as newId } from "uuid";
import { nobody } from "../../access/principal.ts";
import { silentLogger } from "../../contract/logger.ts";
import { UserError } from "../../contract/user-error.ts";
import type { StartedJob, StartJobRequest } from "../../jobs/start-job.ts";
import type { StoredSchedule, StoredScheduleLink, StoredScheduleSettings } from "../../store/operations/schedules.ts";
import { SqliteJobsDatabase } from "../../store/sqlite/jobs-database.ts";
import type { TestRunbook } from "../../store/testing/jobs-database.ts";
import { linkParameters } from "../link-secrets.ts";
import { Scheduler } from "../scheduler.ts";

/* For tests only: schedules over a real database in memory whose clock is the test's. */

const usual: StoredScheduleSettings = {
  description: "",
  enabled: true,
  timeZone: "UTC",
  recurrence: { kind: "hours", every: 1 },
  startsAt: Date.UTC(2026, 0, 1),
  expiresAt: null,
  exceptDates: [],
  calendarIds: [],
  jitter: 0,
  misfire: { rule: "run-once" },
  missedAfter: 60_000,
};

/** What a row of `scheduled_times` says, for comparisons. */
export interface Told {
  due: string;
  outcome: string;
}

export class ScheduleWorld {
  readonly database = new SqliteJobsDatabase();
  /** Thrown by each start while it is set. */
  failure: Error | null = null;
  readonly #runbooks = new Map<string, TestRunbook>();

  /** @param time of the database at first */
  constructor(time: number | string) {
    this.database.time = typeof time === "string" ? Date.parse(time) : time;
  }

  get time(): number {
    return this.database.time;
  }

  set time(time: number) {
    this.database.time = time;
  }

  /** Sets the database's clock. */
  timeIs(text: string): void {
    this.time = Date.parse(text);
  }

  get store() {
    return this.database.schedules;
  }

  async addLink(
    settings: Partial<StoredScheduleSettings> = {},
    runbookSettings: Parameters<SqliteJobsDatabase["addRunbook"]>[0] = {},
  ): Promise<{ schedule: StoredSchedule; link: StoredScheduleLink; runbook: TestRunbook }> {
    const runbook = await this.database.addRunbook(runbookSettings);
    this.#runbooks.set(runbook.runbookId, runbook);
    const name = `schedule-${newId()}`;
    const schedule = await this.store.createSchedule({ ...usual, name, changedBy: "ann", ...settings });
    const link = await this.store.createScheduleLink({
      linkId: newId(),
      scheduleId: schedule.scheduleId,
      runbookId: runbook.runbookId,
      parameters: {},
      secretNames: [],
      enabled: true,
      priority: null,
      changedBy: "ann",
      creatorId: null,
    });
    return { schedule, link, runbook };
  }

  /** The scheduler of a service. */
  scheduler(leadership: { leads: boolean } = { leads: true }): Scheduler {
    return new Scheduler({
      store: { read: this.store, write: this.store },
      logger: silentLogger,
      leadership,
      sealed: linkParameters(null),
      startJob: (request) => this.#start(request),
      principal: async (principalId) => ({ ...nobody, principalId, roles: ["administrator"] }),
      refuseUnusableCredentials: async () => undefined,
      keptFor: 100 * 366 * 86_400_000,
    });
  }

  /** Lets time pass, one start after another, until this moment, which is the time then. */
  async run(scheduler: Scheduler, until: number | string): Promise<void> {
    const end = typeof until === "string" ? Date.parse(until) : until;
    for (;;) {
      await scheduler.look();
      const next = Math.max(scheduler.nextStartAt ?? Number.POSITIVE_INFINITY, this.time + 1);
      if (next > end) {
        break;
      }
      this.time = next;
    }
    this.time = end;
    await scheduler.look();
  }

  /** What became of the times of a link, in order. */
  async told(link: StoredScheduleLink): Promise<Told[]> {
    const times = await this.store.decidedTimes({
      linkId: link.linkId,
      after: 0,
      until: Number.MAX_SAFE_INTEGER,
    });
    return times.map(({ dueAt, upTo, outcome }) => ({
      due: `${short(dueAt)}${upTo === null ? "" : `…${short(upTo)}`}`,
      outcome,
    }));
  }

  /** Due times of the jobs that there are, of one link's schedule. */
  jobsOf({ scheduleId }: { scheduleId: string }): number[] {
    return this.database.session
      .all<{ due_at: number }>(
        "SELECT due_at FROM jobs WHERE schedule_id = ? ORDER BY due_at",
        Buffer.from(scheduleId.replaceAll("-", ""), "hex"),
      )
      .map(({ due_at }) => due_at);
  }

  async #start(request: StartJobRequest): Promise<StartedJob> {
    if (this.failure !== null) {
      throw this.failure;
    }
    const runbook = this.#runbooks.get(request.runbook);
    if (runbook === undefined) {
      throw new UserError("runbook-not-found", "There is no such runbook.", { status: 404 });
    }
    const answer = await this.database.operations.acceptJob({
      jobId: newId(),
      runbookId: runbook.runbookId,
      versionId: runbook.versionId,
      versionNumber: 1,
      draft: false,
      parameters: request.parameters ?? {},
      secretNames: [],
      startedBy: request.startedBy,
      scheduledFor: request.scheduledFor ?? null,
      idempotency: null,
    });
    switch (answer.outcome) {
      case "accepted":
        return { repeated: false } as StartedJob;
      case "decided":
        throw new UserError("scheduled-time-decided", "decided", { status: 409 });
      case "schedule-changed":
        throw new UserError("schedule-changed", "changed", { status: 409 });
      case "attempt-over":
      case "changed":
        throw new UserError("runbook-disabled", "The runbook is disabled.", { status: 409 });
      case "refused":
        throw new UserError("concurrency-limit", "The runbook has as many jobs as it may have.", { status: 409 });
    }
  }
}

/** Without year and seconds where they are zero. */
function short(moment: number): string {
  return new Date(moment).toISOString().slice(5, 19).replace(/:00$/, "");
}
