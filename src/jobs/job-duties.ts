import type { Logger } from "../contract/logger.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { JobEffects } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";
import type { BoundChildren } from "./bound-children.ts";
import { Duty } from "./duty.ts";
import type { GivenSecrets } from "./given-secrets.ts";
import type { OrphanedAttempts } from "./orphaned-attempts.ts";
import type { RetentionSettings } from "./retention.ts";
import { purgeEndedJobs } from "./retention.ts";
import type { RunningAttempts } from "./running-attempts.ts";

export interface JobDutiesOptions {
  store: Pick<Store, "read" | "write">;
  clock: Clock;
  logger: Logger;
  retention: RetentionSettings;
  attempts: RunningAttempts;
  /** Whether this service does what one of several services should do. */
  leadership: Leadership;
  /** Whether a worker has its link to this service. */
  isHere(workerId: string): boolean;
  /** Milliseconds that an attempt may run on after its grace or its time limit. */
  stuckPatience: number;
  /** Looks for attempts that nobody has. */
  orphans: Pick<OrphanedAttempts, "look">;
  /** Milliseconds between two such looks. */
  orphanInterval: number;
  /** Null where nothing secret is ever given. */
  given: Pick<GivenSecrets, "purge"> | null;
  /** Milliseconds between two purges. */
  purgeInterval: number;
  boundChildren: Pick<BoundChildren, "sweep">;
  onEffects(effects: JobEffects): void;
  /** Attempts were taken from workers that have them still. */
  onGivenUp(effects: JobEffects): void;
}

const deadlineInterval = 1_000;
const longestStuckInterval = 5_000;
const parkedInterval = 10_000;
const waitsInterval = 500;
const childrenInterval = 1_000;
const waitsAtOnce = 200;
const overdueAtOnce = 100;
const parkedAtOnce = 100;

/**
 * What is done about jobs without anybody asking. One of several services does what is about all jobs, and each what is about the
 * attempts of its own workers. Nothing goes wrong when two do the same: each step is a condition and an action in one transaction.
 */
export function jobDuties(options: JobDutiesOptions): Duty[] {
  const { store, logger, leadership, stuckPatience: patience } = options;
  const failOverdue = async () => {
    if (leadership.leads && (await store.read.overdueJobsExist())) {
      options.onEffects(await store.write.failOverdueJobs({ limit: overdueAtOnce }));
    }
  };
  const resumeDue = async (isStopped: () => boolean) => {
    for (
      let more = leadership.leads && (await store.read.dueWaitsExist());
      more && leadership.leads && !isStopped();
    ) {
      const resumed = await store.write.resumeDueJobs({ limit: waitsAtOnce });
      options.onEffects(resumed.effects);
      more = resumed.more;
    }
  };
  const stopLeftBehind = (isStopped: () => boolean) => options.boundChildren.sweep(isStopped);
  const endStuck = async () => {
    const attempts = options.attempts.overdue(patience, options.isHere);
    if (attempts.length > 0) {
      logger.error("workers did not end attempts that they should have", {
        jobIds: attempts.map(({ jobId }) => jobId).join(","),
      });
      options.onGivenUp(await store.write.giveUpAttempts({ attempts }));
      for (const { jobId, attempt } of attempts) {
        options.attempts.remove(jobId, attempt);
      }
    }
  };
  const releaseParked = async (isStopped: () => boolean) => {
    for (let more = true; more && leadership.leads && !isStopped(); ) {
      const released = await store.write.releaseParkedJobs({ limit: parkedAtOnce });
      options.onEffects(released.effects);
      more = released.more;
    }
  };
  const purge = async (isStopped: () => boolean) => {
    if (leadership.leads) {
      await purgeEndedJobs(store, options.retention, options.clock, () => isStopped() || !leadership.leads);
      await options.given?.purge(() => isStopped() || !leadership.leads);
    }
  };
  return [
    new Duty("ending jobs that were not started in time", deadlineInterval, failOverdue, logger),
    new Duty("resuming jobs whose time has come", waitsInterval, resumeDue, logger),
    new Duty("stopping jobs with those that started them", childrenInterval, stopLeftBehind, logger),
    new Duty("giving up attempts that do not end", Math.min(longestStuckInterval, patience), endStuck, logger),
    new Duty("finding claimed jobs that nobody has", options.orphanInterval, () => options.orphans.look(), logger),
    new Duty("letting parked jobs in", parkedInterval, releaseParked, logger),
    new Duty("purging old jobs", options.purgeInterval, purge, logger),
  ];
}
