import type { JobResource } from "../contract/api/job.ts";
import { hostKindOf } from "../contract/runbook-kind.ts";
import { UserError } from "../contract/user-error.ts";
import { currentActor } from "../store/actor.ts";
import { newId } from "../store/new-id.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { AcceptJob, JobEffects, JobOrigin, PinnedChild, QueueKey, StoredJob } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { ChildVersions, MayRead } from "./child-versions.ts";
import { jobResource } from "./job-resource.ts";
import type { RunnableVersions } from "./runnable-versions.ts";
import type { SealedParameters } from "./sealed-parameters.ts";
import type { StartableRunbook, StartableRunbooks } from "./startable-runbooks.ts";
import { runbookNotFound } from "./startable-runbooks.ts";
import { parkedReason } from "./waiting-reason.ts";

export interface StartJobRequest {
  /** Id or name. */
  runbook: string;
  parameters?: Record<string, unknown>;
  draft?: boolean;
  /** The runbook's when left out. */
  priority?: number;
  /** Name of the principal. */
  startedBy: string;
  /** Id of the principal: jobs of one starter may share a host where the runbook says so. */
  starterId?: string;
  /** The ended job that this one is started in place of. */
  retryOf?: string;
  /** Whose script starts it. */
  parent?: AcceptJob["parent"];
  /** The version that runs, in place of the one that is published now, and those that it runs inside itself. */
  pinned?: PinnedStart;
  /** What it has of the job that it goes on from. */
  steps?: AcceptJob["steps"];
  idempotency?: IdempotencyKey | null;
  /** The time of a schedule that it is the job of. */
  scheduledFor?: AcceptJob["scheduledFor"];
  /** The id that the job gets; a new one when left out. */
  jobId?: string;
  /**
   * Parameters that were given as secrets before: nothing is started where the text that runs now would not keep them so, as they
   * would be stored and shown plain then.
   */
  keepSecret?: readonly string[];
  /** Throws when no job of the runbook may be started by whoever asks; left out where nobody in particular does. */
  admit?(runbook: AdmittedRunbook): void;
  /** Whether whoever asks may read a runbook; left out where nobody in particular does. */
  mayRead?: MayRead;
  /** Rejects when whoever asks may not give the job these credentials, which its parameters name. */
  admitCredentials?(names: readonly string[]): Promise<void>;
}

/** What runs in place of the version that is published now. */
export interface PinnedStart {
  versionId: string;
  children: readonly PinnedChild[];
  /** Nothing is started where the job would act as another principal than this. */
  runAs?: string | null;
}

/** What has to be known of a runbook to decide who may start it. */
export type AdmittedRunbook = Pick<StartableRunbook, "runbookId" | "folderId" | "name">;

export interface StartedJob {
  job: JobResource;
  /** The same request came before under its key: this is the first answer again. */
  repeated: boolean;
}

/** A start that could be asked for. */
export interface CheckedStart {
  runbookId: string;
  runbookName: string;
  parameters: Record<string, unknown>;
  /** Names of the secret ones that were given. */
  secretNames: string[];
  /** The credentials that the parameters name. */
  credentials: string[];
}

export interface JobStarterOptions {
  store: Pick<Store, "read" | "write">;
  runbooks: StartableRunbooks;
  versions: RunnableVersions;
  children: Pick<ChildVersions, "ofStart">;
  parameters: SealedParameters;
  /** @throws UserError when no job may be accepted now */
  refuseWhenStorageIsLow(): void;
  /** A job is about to come into this queue; called in the turn in which its acceptance is asked for. */
  expectJob(queue: QueueKey): void;
  /** An acceptance is stored. `expected` is the queue that `expectJob` was called with. */
  accepted(job: StoredJob, effects: JobEffects, expected: QueueKey): void;
  /** A refusal is stored, and what was done to other jobs before it came to that. */
  refused(effects: JobEffects): void;
}

/** A runbook that changes this often while one job is being started is somebody else's problem. */
const mostLooks = 5;

/** Starts jobs: checks the request as a whole, then accepts it in one transaction. */
export class JobStarter {
  readonly #options: JobStarterOptions;

  constructor(options: JobStarterOptions) {
    this.#options = options;
  }

  /**
   * @throws UserError `runbook-not-found` (404), `runbook-disabled`, `runbook-not-published`, `concurrency-limit`,
   * `run-as-unavailable`, `run-as-changed`, `secret-no-longer` (409),
   * `invalid-parameters` (400, all problems in `errors`), `idempotency-key-reused` (422), `storage-low` (507)
   */
  async start(request: StartJobRequest): Promise<StartedJob> {
    try {
      return await this.#start(request);
    } catch (error) {
      // What was accepted once stays so, even if the same request would be refused today.
      const key = request.idempotency ?? null;
      const before =
        key !== null && error instanceof UserError ? await this.#options.store.read.jobAcceptedBefore(key) : null;
      if (before === null) {
        throw error;
      }
      return { job: acceptedResource(before), repeated: true };
    }
  }

  /**
   * What a start would be of, now: throws as `start` does where the runbook cannot be started or the parameters do not fit.
   * `parameters` are as the signature names them.
   */
  async check(request: Pick<StartJobRequest, "runbook" | "parameters">): Promise<CheckedStart> {
    const runbook = await this.#options.runbooks.lookUp(request.runbook, false);
    const { parameters, secretNames } = acceptanceOf(
      runbook,
      { ...request, startedBy: "" },
      false,
      "nothing was changed",
    );
    const credentials = runbook.check.credentialsIn(parameters);
    return { runbookId: runbook.runbookId, runbookName: runbook.name, parameters, secretNames, credentials };
  }

  /** As it is stored; jobs without secrets cost nothing here. */
  #sealed(acceptance: AcceptJob): AcceptJob {
    const { jobId, parameters, secretNames } = acceptance;
    return secretNames.length === 0
      ? acceptance
      : { ...acceptance, parameters: this.#options.parameters.seal(jobId, parameters, secretNames) };
  }

  async #pinned(
    { versionId, runAs }: PinnedStart,
    { runbook, draft = false, admit, starterId }: StartJobRequest,
  ): Promise<StartableRunbook> {
    const version = await this.#options.versions.lookUp(versionId);
    if (version === null) {
      throw runbookNotFound(runbook);
    }
    const pinned = await this.#options.runbooks.pinned(version, versionId, draft, admit);
    if (runAs !== undefined && runAs !== (draft ? (starterId ?? null) : pinned.runAs)) {
      throw runAsChanged(pinned.name);
    }
    return pinned;
  }

  async #start(request: StartJobRequest): Promise<StartedJob> {
    const { runbooks, versions, store } = this.#options;
    this.#options.refuseWhenStorageIsLow();
    const draft = request.draft ?? false;
    const { pinned } = request;
    let runbook = pinned === undefined ? runbooks.remembered(request.runbook, draft) : undefined;
    for (let look = 1; look <= mostLooks; look += 1) {
      if (runbook === undefined) {
        runbook =
          pinned === undefined
            ? await runbooks.lookUp(request.runbook, draft, request.admit)
            : await this.#pinned(pinned, request);
      } else {
        request.admit?.(runbook);
      }
      if (versions.remembered(runbook.versionId) === undefined) {
        // So that it is there when the job is handed over; whoever needs it looks again.
        versions.lookUp(runbook.versionId).catch(() => undefined);
      }
      const checked = acceptanceOf(runbook, request, draft);
      if (checked.namesCredential === true) {
        await request.admitCredentials?.(runbook.check.credentialsIn(checked.parameters));
      }
      // Nothing is asked of a runbook that names no others.
      const { name, calls } = runbook;
      const children =
        pinned?.children ??
        (calls.length === 0 ? [] : await this.#options.children.ofStart(name, calls, request.mayRead));
      const acceptance = this.#sealed(children.length === 0 ? checked : { ...checked, children });
      const queue: QueueKey = { placementId: runbook.placementId, hostKind: hostKindOf[runbook.kind] };
      const accepting = store.write.acceptJob(acceptance);
      this.#options.expectJob(queue);
      const result = await accepting;
      switch (result.outcome) {
        case "accepted":
          runbook.placementId = result.job.placementId;
          this.#options.accepted(result.job, result.effects, queue);
          return { job: acceptedResource(result.job), repeated: result.repeated };
        case "refused":
          this.#options.refused(result.effects);
          throw new UserError(
            "concurrency-limit",
            `The runbook ${result.runbookName} has as many jobs as it may have at once (${result.limit}), and refuses further ones.`,
            { status: 409, remedy: "Wait for a job of it to end, or change its concurrency rule." },
          );
        case "attempt-over":
          throw new UserError("attempt-over", "The job that asks goes on elsewhere, or is over; nothing was started.", {
            status: 409,
            remedy: "Nothing has to be done: what the job does now counts.",
          });
        case "schedule-changed":
        case "decided":
          throw new UserError(
            result.outcome === "decided" ? "scheduled-time-decided" : "schedule-changed",
            result.outcome === "decided"
              ? "It is known already what became of this time of the schedule."
              : "The schedule, or its link to the runbook, was changed meanwhile.",
            { status: 409, remedy: "Nothing has to be done: the schedule goes on." },
          );
        case "changed":
          runbooks.forget(runbook.runbookId);
          runbook = undefined;
      }
    }
    throw new UserError("runbook-changed", `The runbook ${request.runbook} is being changed all the time.`, {
      status: 409,
      remedy: "Repeat the request.",
    });
  }
}

/** @throws UserError `invalid-parameters` (400) */
function acceptanceOf(
  runbook: StartableRunbook,
  request: StartJobRequest,
  draft: boolean,
  whatHappened = "nothing was started",
): AcceptJob {
  const { check } = runbook;
  refuseExposed(runbook, request);
  const parameters = check.named(request.parameters ?? {});
  const errors = check.problems(parameters);
  if (errors.length > 0) {
    const count = errors.length === 1 ? "One thing is wrong" : `${errors.length} things are wrong`;
    throw new UserError("invalid-parameters", `${count} with the parameters for ${runbook.name}; ${whatHappened}.`, {
      status: 400,
      remedy: `See what it takes: npx runsmith get-runbook ${JSON.stringify(runbook.name)}`,
      errors,
    });
  }
  return {
    jobId: request.jobId ?? newId(),
    runbookId: runbook.runbookId,
    versionId: runbook.versionId,
    versionNumber: runbook.versionNumber,
    draft,
    ...(request.admit !== undefined && { folderId: runbook.folderId }),
    parameters,
    secretNames: check.secretNames.filter((name) => Object.hasOwn(parameters, name)),
    namesCredential: check.credentialNames.some((name) => Object.hasOwn(parameters, name)),
    startedBy: request.startedBy,
    retryOf: request.retryOf ?? null,
    ...(request.parent && { parent: request.parent }),
    ...(request.pinned && {
      isPinned: true,
      ...(request.pinned.runAs !== undefined && { runAs: request.pinned.runAs }),
    }),
    ...(request.steps && { steps: request.steps }),
    priority: request.priority ?? null,
    starterId: request.starterId ?? null,
    startedFrom: originOfRequest(),
    scheduledFor: request.scheduledFor ?? null,
    idempotency: request.idempotency ?? null,
  };
}

/** A text gets no rights that it was not published for: whoever let its runbook act as somebody else looked at another one. */
function runAsChanged(runbook: string): UserError {
  return new UserError(
    "run-as-changed",
    `A version of ${runbook} would act as another principal than the one as which it was run, or by which it was called; nothing was started.`,
    {
      status: 409,
      remedy:
        "Retry the job (npx runsmith retry-job JOB), which takes the version of today, or start the runbook anew.",
    },
  );
}

/** @throws UserError `secret-no-longer` (409) */
function refuseExposed(
  { name: runbook, check }: StartableRunbook,
  { parameters = {}, keepSecret = [] }: StartJobRequest,
) {
  for (const given of keepSecret) {
    const [name = given] = Object.keys(check.named({ [given]: parameters[given] }));
    if (!check.secretNames.includes(name)) {
      throw new UserError(
        "secret-no-longer",
        `The parameter ${name} was given as a secret, and ${runbook} does not call it secret any more; nothing was started.`,
        {
          status: 409,
          remedy: `Mark the parameter as secret again in ${runbook} and publish that, or start it anew with parameters that anybody may see.`,
        },
      );
    }
  }
}

/** Of whoever acts now; null for the service itself. */
function originOfRequest(): JobOrigin | null {
  const actor = currentActor();
  return actor === undefined
    ? null
    : { signedInBy: actor.signedInBy, address: actor.address, requestId: actor.requestId };
}

/** The answer to an acceptance: the same however often it is given. */
function acceptedResource(job: StoredJob): JobResource {
  return jobResource(job, parkedReason);
}
