import { UserError } from "../contract/user-error.ts";
import { newId } from "../store/new-id.ts";
import type { Store } from "../store/store.ts";
import type { RetryStarter } from "./bulk-jobs.ts";
import type { GivenSecrets } from "./given-secrets.ts";
import type { JobJournal } from "./job-journal.ts";
import { jobNotFound, knownJobId } from "./job-queries.ts";
import { isEnded } from "./job-transitions.ts";
import type { RunnableVersions } from "./runnable-versions.ts";
import type { SealedParameters } from "./sealed-parameters.ts";
import type { StartedJob, StartJobRequest } from "./start-job.ts";

export interface RestartRequest extends RetryStarter {
  jobId: string;
  /** Name or id of the step to go on at; null to go on behind all that is done. */
  from: string | null;
}

export interface JobRestartsOptions {
  store: Pick<Store, "read">;
  versions: RunnableVersions;
  parameters: SealedParameters;
  /** Null where nothing can be sealed: then there are no steps. */
  journal: Pick<JobJournal, "copy"> | null;
  /** Null where no job is given any. */
  given: Pick<GivenSecrets, "copy"> | null;
  /** Throws UserErrors as `JobStarter.start` says. */
  start(request: StartJobRequest): Promise<StartedJob>;
}

/** Starts ended jobs again, as new jobs that have done what those had done. */
export class JobRestarts {
  readonly #options: JobRestartsOptions;

  constructor(options: JobRestartsOptions) {
    this.#options = options;
  }

  /**
   * A new job of the same version, with the same parameters and the same versions of other runbooks, that goes on behind all that the former one
   * has done, or at one of its steps. A workflow goes on from its last checkpoint. It acts as the principal that the former one acted as.
   * @throws UserError `job-not-found` (404), `job-not-ended`, `version-gone`, `step-not-found`, `step-ambiguous` (409), and what a start throws
   */
  async restart({ jobId, from, admit, ...starter }: RestartRequest): Promise<StartedJob> {
    const { store, versions, parameters, journal, given, start } = this.#options;
    const former = await store.read.jobToRetry({ jobId: knownJobId(jobId) });
    if (former === null) {
      throw jobNotFound(jobId);
    }
    if (!isEnded(former.status)) {
      throw new UserError("job-not-ended", `The job has not ended: it is ${former.status}.`, {
        status: 409,
        remedy: `${former.status === "Suspended" ? `Let it go on: npx runsmith resume-job ${jobId}` : "Wait for its end"}; or end it first: npx runsmith stop-job ${jobId}`,
      });
    }
    const { runbookId, versionId, draft, secretNames } = former;
    if ((await versions.lookUp(versionId)) === null) {
      throw new UserError("version-gone", "The version that the job ran is not there any more.", {
        status: 409,
        remedy: "Start the runbook anew, or retry the job, which takes the version of today.",
      });
    }
    const newJobId = newId();
    const steps = (await journal?.copy({ from: former.jobId, to: newJobId, before: from })) ?? [];
    if (steps.length > 0) {
      await given?.copy({ from: former.jobId, to: newJobId });
    }
    return await start({
      ...(admit !== undefined && { admit: (runbook) => admit(runbook, draft) }),
      runbook: runbookId,
      draft,
      parameters: parameters.open(former.jobId, former.parameters, secretNames),
      keepSecret: secretNames,
      retryOf: former.jobId,
      pinned: { versionId, children: await store.read.pinnedChildren({ jobId: former.jobId }), runAs: former.runAs },
      steps,
      ...starter,
      jobId: newJobId,
    });
  }
}
