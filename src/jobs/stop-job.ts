import type { JobResource } from "../contract/api/job.ts";
import type { JobStatus } from "../contract/job-status.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoppedJob, StoredJob } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { EffectsApplier } from "./apply-effects.ts";
import type { BoundChildren } from "./bound-children.ts";
import { jobNotFound, knownJobId } from "./job-queries.ts";

export interface JobToStop {
  jobId: string;
  /** Name of who wants it. */
  requestedBy: string;
  /** At once, without the grace. */
  force: boolean;
  /** Only when it is in one of these. */
  statuses?: readonly JobStatus[];
}

export interface JobStopperOptions {
  store: { write: Pick<Store["write"], "stopJob"> };
  effects: Pick<EffectsApplier, "applyWithoutChildren">;
  boundChildren: Pick<BoundChildren, "stopOf">;
  resource(job: StoredJob): JobResource;
}

/** Stops jobs, and with them the ones that they started. */
export class JobStopper {
  readonly #options: JobStopperOptions;

  constructor(options: JobStopperOptions) {
    this.#options = options;
  }

  /** Stops one job and acts on what that did; says what became of it. */
  async stop(of: JobToStop): Promise<StoppedJob> {
    const { store, effects, boundChildren } = this.#options;
    const result = await store.write.stopJob(of);
    if (result.outcome === "stopped" || result.outcome === "stopping") {
      effects.applyWithoutChildren(result.effects);
      // Now, though its script may run on for a while; and with the same force.
      await boundChildren.stopOf([of.jobId], of.force);
    }
    return result;
  }

  /** @throws UserError `job-not-found` (404), `job-ended` (409) */
  async stopOpen(of: { jobId: string; requestedBy: string; force?: boolean }): Promise<JobResource> {
    const jobId = knownJobId(of.jobId);
    const result = await this.stop({ jobId, requestedBy: of.requestedBy, force: of.force ?? false });
    if (result.outcome === "not-found") {
      throw jobNotFound(jobId);
    }
    const job = this.#options.resource(result.job);
    if (result.outcome === "ended") {
      throw new UserError("job-ended", `The job has ended already, as ${job.status}.`, {
        status: 409,
        remedy: "There is nothing left to stop; its output and its result can be read.",
      });
    }
    return job;
  }
}
