import type { CarriedChild, ScriptNeededFrame } from "../contract/link/control-frames.ts";
import {
  assetsProtocolVersion,
  childrenProtocolVersion,
  journalProtocolVersion,
} from "../contract/link/control-frames.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import type { AssignedAttempt, ClaimedJob, JobEffects } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../workers/clock.ts";
import type { ConnectedWorker } from "../workers/connected-worker.ts";
import type { ChildVersions, MayRun } from "./child-versions.ts";
import type { GivenSecrets } from "./given-secrets.ts";
import type { JobJournal, KeptState } from "./job-journal.ts";
import type { RunnableVersion, RunnableVersions } from "./runnable-versions.ts";
import type { RunningAttempts } from "./running-attempts.ts";
import type { SealedParameters } from "./sealed-parameters.ts";

export interface HandOverOptions {
  store: Pick<Store, "read" | "write">;
  versions: RunnableVersions;
  attempts: RunningAttempts;
  parameters: SealedParameters;
  /** Null where nothing secret is ever given. */
  given: Pick<GivenSecrets, "of"> | null;
  /** Null where nothing is ever kept. */
  journal: Pick<JobJournal, "of"> | null;
  children: Pick<ChildVersions, "carried">;
  /** Which runbooks a job may run inside itself. */
  mayRunOf(jobId: string): Promise<MayRun>;
  clock: Clock;
  logger: Logger;
  connected(workerId: string): ConnectedWorker | undefined;
  onEffects(effects: JobEffects): void;
}

/** After a write that failed, in milliseconds. */
const retryDelay = 1_000;

/**
 * What jobs have in common that may share a host; the grants are told beside it. Null for a job that shares with none.
 * @param standing of the job; null when it is not known
 */
function reuseKeyOf(
  { hostReuse, versionId, starterId }: ClaimedJob,
  standing: { runAs: string | null } | null,
): string | null {
  if (standing === null) {
    return null;
  }
  const shared = `${versionId} as ${standing.runAs ?? "nobody"}`;
  switch (hostReuse) {
    case "never":
      return null;
    case "any-starter":
      return `${shared} any`;
    case "same-starter":
      return starterId === null ? null : `${shared} ${starterId}`;
  }
}

/** Hands claimed jobs over to their workers, and takes those back that a worker does not start. */
export class HandOver {
  readonly #options: HandOverOptions;
  /** Jobs of which something is read before they are handed over. */
  readonly #lookUps = new Set<Promise<void>>();

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /**
   * At once when the text of the version is remembered and names no other runbook, no earlier attempt may have learnt secrets, and its
   * host is its own.
   */
  handOver(job: ClaimedJob): void {
    const { versions, given, journal } = this.#options;
    const version = versions.remembered(job.versionId);
    const isNext = job.attempt > 1 && (given !== null || journal !== null);
    if (version === undefined || version.calls.length > 0 || isNext || job.hostReuse !== "never") {
      const lookUp: Promise<void> = this.#lookUp(job).finally(() => this.#lookUps.delete(lookUp));
      this.#lookUps.add(lookUp);
    } else {
      this.#send(job, version, [], nothingKept, null, []);
    }
  }

  /** Every job that was claimed until now is on its way to its worker, or will be put back. */
  async allSent(): Promise<void> {
    await Promise.all(this.#lookUps);
  }

  #lookUp(job: ClaimedJob): Promise<void> {
    const { versions, given, journal, logger, store } = this.#options;
    const secrets = job.attempt > 1 && given !== null ? given.of(job.jobId) : [];
    const kept = job.attempt > 1 && journal !== null ? journal.of(job.jobId) : nothingKept;
    // Whom it acts as: what it learns must not be there for jobs that act as somebody else.
    const standing = job.hostReuse === "never" ? null : store.read.jobStanding({ jobId: job.jobId });
    return Promise.all([versions.lookUp(job.versionId), secrets, kept, standing])
      .then(async ([version, known, state, found]) => {
        if (version === null) {
          await this.#fail(job, versionGone);
        } else if (known.length > 0 && !this.#speaks(job.workerId, assetsProtocolVersion)) {
          await this.#fail(job, workerTooOld);
        } else if (hasKept(state) && !this.#speaks(job.workerId, journalProtocolVersion)) {
          this.putBack(job, "its worker is of a version that cannot go on from a journal");
        } else {
          this.#send(job, version, known, state, reuseKeyOf(job, found), await this.#childrenOf(job, version));
        }
      })
      .catch((error: unknown) => {
        logger.error("the text of a claimed job could not be read", { jobId: job.jobId, error: String(error) });
        if (error instanceof UserError && error.code === "sealed-value-altered") {
          this.#failUnopened(job, error);
        } else {
          this.putBack(job, "its text could not be read");
        }
      });
  }

  async #childrenOf({ jobId, workerId }: ClaimedJob, { calls }: RunnableVersion): Promise<CarriedChild[]> {
    if (calls.length === 0 || !this.#speaks(workerId, childrenProtocolVersion)) {
      return [];
    }
    const { children, connected, mayRunOf } = this.#options;
    const carries = (scriptHash: string) => connected(workerId)?.carriedScripts.has(scriptHash) ?? false;
    return children.carried(jobId, await mayRunOf(jobId), carries);
  }

  /** Puts an attempt back that its worker has not started. Tried until it is stored: nobody else would ever end it. */
  putBack({ jobId, attempt, workerId }: AssignedAttempt, reason: string): void {
    const { store, logger, onEffects } = this.#options;
    store.write
      .putBackJob({ jobId, attempt, workerId, reason })
      .then(onEffects)
      .catch((error: unknown) => {
        logger.error("a job could not be put back; tried again", { jobId, error: String(error) });
        setTimeout(() => this.putBack({ jobId, attempt, workerId }, reason), retryDelay).unref();
      });
  }

  /** A worker does not have the text of a job any more. */
  async sendScript(worker: ConnectedWorker, { jobId, scriptHash }: ScriptNeededFrame): Promise<void> {
    const { store, versions, attempts } = this.#options;
    const isIts = attempts.ofJob(jobId)?.workerId === worker.workerId;
    const job = isIts ? await store.read.job({ jobId }) : null;
    const version = job === null ? null : await versions.lookUp(job.versionId);
    if (version?.scriptHash === scriptHash) {
      worker.send({ type: "script", scriptHash, script: version.script });
    }
  }

  #send(
    job: ClaimedJob,
    version: RunnableVersion,
    secrets: string[],
    { journal, checkpoint }: KeptState,
    reuseKey: string | null,
    children: CarriedChild[],
  ): void {
    if (this.#options.attempts.current(job) === undefined) {
      // Over while its text was being read: what took it away has ended it or queued it again.
      return;
    }
    let parameters: Record<string, unknown>;
    try {
      parameters = this.#options.parameters.open(job.jobId, job.parameters, version.secretNames);
    } catch (error) {
      this.#failUnopened(job, error);
      return;
    }
    const worker = this.#options.connected(job.workerId);
    if (worker === undefined) {
      this.putBack(job, "the link to its worker had closed");
      return;
    }
    const isCarried = worker.carriedScripts.has(version.scriptHash);
    worker.carriedScripts.add(version.scriptHash);
    for (const { script, scriptHash } of children) {
      if (script !== null) {
        worker.carriedScripts.add(scriptHash);
      }
    }
    const { jobId, attempt } = job;
    worker.send({
      type: "run-job",
      jobId,
      attempt,
      runbook: { id: job.runbookId, name: job.runbookName, kind: job.runbookKind },
      scriptHash: version.scriptHash,
      script: isCarried ? null : version.script,
      parameters,
      parameterSchemas: version.parameterSchemas,
      logs: job.logs,
      grants: job.grants,
      timeLimit: job.timeLimit,
      stopGrace: job.stopGrace,
      outputLimit: job.outputLimit,
      reuseKey,
      ...(secrets.length === 0 ? {} : { secrets }),
      ...(journal.length === 0 ? {} : { journal }),
      ...(checkpoint === null ? {} : { checkpoint }),
      ...(children.length === 0 ? {} : { children }),
    });
    // A stop that came while the text was being read found nothing to stop.
    const stop = this.#options.attempts.current(job)?.stop ?? null;
    if (stop !== null) {
      worker.send({ type: "stop-job", jobId, attempt, ...stop });
    }
  }

  /** No other attempt would have it better. */
  #failUnopened(job: ClaimedJob, error: unknown): void {
    const { logger } = this.#options;
    const message = error instanceof UserError ? error.message : "a secret could not be opened";
    logger.error("a secret of a job could not be opened", { jobId: job.jobId, error: String(error) });
    this.#fail(job, { name: "SecretUnreadable", message }).catch((cause: unknown) => {
      logger.error("a job could not be ended", { jobId: job.jobId, error: String(cause) });
      this.putBack(job, "its secrets could not be opened");
    });
  }

  #speaks(workerId: string, protocol: number): boolean {
    const worker = this.#options.connected(workerId);
    return worker === undefined || worker.protocol >= protocol;
  }

  async #fail({ jobId, attempt, workerId }: ClaimedJob, exception: { name: string; message: string }): Promise<void> {
    const { store, clock, onEffects } = this.#options;
    const end = { outcome: "Failed", reason: "worker-error", exception, endedAt: clock.now() } as const;
    onEffects(await store.write.endAttempt({ jobId, attempt, workerId, end }));
  }
}

const nothingKept: KeptState = { journal: [], checkpoint: null };

function hasKept({ journal, checkpoint }: KeptState): boolean {
  return journal.length > 0 || checkpoint !== null;
}

const versionGone = { name: "VersionGone", message: "the text of its version is gone" };

const workerTooOld = {
  name: "WorkerTooOld",
  message:
    "An earlier attempt was given secrets, and the worker that was to go on is of a version that could not mask them. Upgrade the workers.",
};
