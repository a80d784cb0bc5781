import { createHash, createHmac } from "node:crypto";
import { principalsNamed } from "../access/named-principal.ts";
import type { Principal } from "../access/principal.ts";
import type { JobResource } from "../contract/api/job.ts";
import type { RunbookAnswer, RunbookRequest } from "../contract/child-runbook.ts";
import { deepestCalls, longestAnswerRecords } from "../contract/child-runbook.ts";
import type { Logger } from "../contract/logger.ts";
import { runbookRequestProblem } from "../contract/runbook-request-problem.ts";
import type { JobStreamRecord } from "../contract/stream.ts";
import { UserError } from "../contract/user-error.ts";
import { actAs } from "../store/actor.ts";
import { bytesToId } from "../store/id-bytes.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { AssignedAttempt, StoredJob } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { CallersJobs } from "./callers-jobs.ts";
import type { MayRead } from "./child-versions.ts";
import { callsTooDeep, readableChain, runbookCycle } from "./child-versions.ts";
import { cameToNothing, isToBeCalledAgain } from "./failed-calls.ts";
import { actorOfJob } from "./job-actor.ts";
import type { JobsFeature } from "./jobs-feature.ts";
import type { RunbookRequestAnswerer } from "./runbook-requests.ts";

export interface RunbookBrokerOptions {
  store: Pick<Store, "read">;
  jobs: Pick<JobsFeature, "children" | "followFor" | "mayRunOf">;
  callers: CallersJobs;
  /** The principal that a job acts as. */
  runAsOf(jobId: string): Promise<Principal>;
  /** With which calls are hashed that are kept to be compared: parameters may be secret. */
  callKey: Uint8Array;
  logger: Logger;
}

/** Records of one page of what a job said. */
const pageRecords = 500;

/**
 * Stands between running jobs and other runbooks: what a job asks for is done with the rights of the principal that it acts as, in
 * that principal's name, and is in the audit as if that one had done it by the API.
 */
export class RunbookBroker implements RunbookRequestAnswerer {
  readonly #options: RunbookBrokerOptions;

  constructor(options: RunbookBrokerOptions) {
    this.#options = options;
  }

  /** What becomes of a request of a running attempt; never rejects. */
  async answer(attempt: AssignedAttempt, request: RunbookRequest): Promise<RunbookAnswer> {
    const { jobId } = attempt;
    const problem = runbookRequestProblem(request);
    if (problem !== null) {
      return { error: { code: "request-refused", message: problem } };
    }
    try {
      const caller = await this.#options.runAsOf(jobId);
      const actor = await actorOfJob(this.#options.store, jobId, caller);
      return await actAs(actor, () => this.#carriedOut(attempt, request, caller));
    } catch (error) {
      if (error instanceof UserError) {
        return { error: { code: error.code, message: sentenceOf(error) } };
      }
      // Without its message, which may quote parameters.
      const reason = error instanceof Error ? error.name : typeof error;
      this.#options.logger.error("a request of a job about another runbook failed", { jobId, error: reason });
      return { error: { code: "runbooks-unavailable", message: "The service could not do it. Its log says more." } };
    }
  }

  async #carriedOut(attempt: AssignedAttempt, request: RunbookRequest, caller: Principal): Promise<RunbookAnswer> {
    const { callers, jobs } = this.#options;
    switch (request.action) {
      case "find":
        return { child: await jobs.children.find(attempt.jobId, request.name, await jobs.mayRunOf(attempt.jobId)) };
      case "start":
        return this.#start(attempt, request, caller);
      case "get-job":
        return { job: await callers.getJob(request.jobId, caller) };
      case "follow-job":
        await callers.getJob(request.jobId, caller);
        return jobs.followFor(attempt, request, (runbookId) => callers.mayReadRunbook(runbookId, caller));
      case "read-job":
        return this.#read(request, caller);
      case "stop-job":
        return { job: await callers.stopJob({ jobId: request.jobId, force: false }, caller) };
      case "suspend-job":
        return { job: await callers.suspendJob(request.jobId, caller) };
      case "resume-job":
        return { job: await callers.resumeJob(request.jobId, caller) };
      case "find-approvers":
        await refuseUnknownApprovers(this.#options.store, request.names);
        return { approvers: request.names };
    }
  }

  async #start(
    attempt: AssignedAttempt,
    { call, runbook, parameters, isInline, stopsWithParent, runOn }: Extract<RunbookRequest, { action: "start" }>,
    caller: Principal,
  ): Promise<RunbookAnswer> {
    const { store, callers, logger } = this.#options;
    const { jobId: parentJobId } = attempt;
    const { callId, started } = await this.#jobOfCall(parentJobId, call);
    const asked = JSON.stringify([call, runbook.normalize("NFC").toLowerCase(), inOrder(parameters)]);
    const idempotency: IdempotencyKey = {
      // A key of the parent's own: two that ask at once, at two services, start one job.
      principalId: parentJobId,
      key: callId,
      requestHash: createHmac("sha256", this.#options.callKey).update(`${parentJobId}\0${asked}`).digest(),
    };
    if (started !== null) {
      await this.#refuseOther(idempotency, started.runbookName);
      return { jobId: started.jobId };
    }
    const ancestors = await store.read.jobAncestors({ jobId: parentJobId, limit: deepestCalls });
    const mayRead = (runbookId: string) => callers.mayReadRunbook(runbookId, caller);
    const chain = () =>
      readableChain(ancestors.map(({ runbookName: name, runbookId }) => ({ name, runbookId })).reverse(), mayRead);
    if (ancestors.length >= deepestCalls) {
      throw callsTooDeep([...(await chain()), runbook]);
    }
    const pinned = isInline ? await this.#pinned(parentJobId, runbook) : null;
    if (pinned !== null && ancestors.some(({ runbookId }) => runbookId === pinned.runbookId)) {
      throw runbookCycle([...(await chain()), runbook]);
    }
    if (runOn !== undefined) {
      await refuseElsewhere(store, runbook, runOn, mayRead);
    }
    const { job, repeated } = await callers.startChild(
      {
        runbook: pinned?.runbookId ?? runbook,
        parameters,
        parent: { jobId: parentJobId, callId, stopsWithParent, askedBy: attempt },
        ...(pinned !== null && {
          pinned: {
            versionId: pinned.versionId,
            children: await store.read.pinnedChildren({ jobId: parentJobId }),
            // An old text has the rights of today's only where its caller has the same.
            ...(!pinned.isPublished && { runAs: caller.principalId }),
          },
        }),
        idempotency,
      },
      caller,
    );
    logger.debug("a job started another", { jobId: parentJobId, child: job.jobId, runbook: job.runbookName, repeated });
    return { jobId: job.jobId };
  }

  /** What a call has started, null where that is nothing that still counts; and the call's id, of which each further start has another. */
  async #jobOfCall(parentJobId: string, call: string): Promise<{ callId: string; started: StoredJob | null }> {
    const { read } = this.#options.store;
    for (let again = 0; ; again += 1) {
      const named = again === 0 ? call : `${call}\0${again}`;
      const hash = createHash("sha256").update(`${parentJobId}\0${named}`).digest();
      const callId = bytesToId(hash.subarray(0, 16));
      const started = await read.jobOfCall({ parentJobId, callId });
      const attempts =
        started !== null && cameToNothing(started) ? await read.jobAttempts({ jobId: parentJobId }) : null;
      if (started === null || !isToBeCalledAgain(started, attempts ?? [])) {
        return { callId, started };
      }
    }
  }

  /** What an attempt calls has to be what the one before called there: it would take another call's job for its own. */
  async #refuseOther(call: IdempotencyKey, started: string): Promise<void> {
    try {
      await this.#options.store.read.jobAcceptedBefore(call);
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== "idempotency-key-reused") {
        throw error;
      }
      throw new UserError(
        "replay-mismatch",
        `An earlier attempt of this job has started a job of ${started} here, with other parameters or in place of another runbook.`,
        {
          status: 409,
          remedy:
            "Let the script call the same runbooks in the same order with the same parameters in every attempt: keep what changes, such as the time, in a step.",
        },
      );
    }
  }

  async #pinned(
    jobId: string,
    called: string,
  ): Promise<{ versionId: string; runbookId: string; isPublished: boolean }> {
    const { jobs, store } = this.#options;
    const { versionId, name } = await jobs.children.find(jobId, called, await jobs.mayRunOf(jobId));
    const version = await store.read.versionToRun({ versionId });
    const [published] = await store.read.publishedChildren({ names: [name] });
    return {
      versionId,
      runbookId: version?.runbook.runbookId ?? "",
      isPublished: published?.versionId === versionId,
    };
  }

  async #read(
    { jobId, after, since }: Extract<RunbookRequest, { action: "read-job" }>,
    caller: Principal,
  ): Promise<RunbookAnswer> {
    const { callers } = this.#options;
    const job: JobResource = await callers.getJob(jobId, caller);
    const from = since === undefined ? Number.NaN : Date.parse(since);
    const page = await callers.listRecords(
      {
        jobId,
        limit: pageRecords,
        ...(after !== null && { after: positionOf(after) }),
        ...(!Number.isNaN(from) && { since: from }),
      },
      caller,
    );
    const records = fitting(page.items);
    const more = page.next !== null || records.length < page.items.length;
    return { job, records, next: records.at(-1)?.id ?? after, more };
  }
}

/** As many records, one at least, as one answer may hold. */
function fitting(records: readonly JobStreamRecord[]): JobStreamRecord[] {
  let left = longestAnswerRecords;
  const end = records.findIndex((record) => {
    left -= JSON.stringify(record).length;
    return left < 0;
  });
  return records.slice(0, end < 0 ? records.length : Math.max(1, end));
}

function positionOf(id: string): { attempt: number; number: number } {
  const [attempt = "0", number = "0"] = id.split(".");
  return { attempt: Number(attempt), number: Number(number) };
}

/** The same text however the members of objects were put in order: PowerShell's hashtables have another one in each process. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(inOrder);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, of]) => [name, inOrder(of)]);
}

/** A job runs where its runbook says; a script may insist on one of these groups. Of what may not be read nothing is told: its start is refused. */
async function refuseElsewhere(
  store: Pick<Store, "read">,
  runbook: string,
  runOn: string,
  mayRead: MayRead,
): Promise<void> {
  const found = await store.read.runbook({ runbook: runbook.normalize("NFC") });
  if (found !== null && !(await mayRead(found.runbookId))) {
    return;
  }
  const targets = found === null ? [] : [...found.runOn, ...found.standBys];
  const wanted = runOn.toLowerCase();
  if (found !== null && !targets.some((target) => target.replace(/^(group|worker):/, "").toLowerCase() === wanted)) {
    throw new UserError(
      "runs-elsewhere",
      `Jobs of ${found.name} do not run on ${runOn}, but on ${targets.join(", ")}.`,
      {
        status: 409,
        remedy: `Let them run there: npx runsmith set-runbook ${JSON.stringify(found.name)} --run-on ${JSON.stringify(`group:${runOn}`)}`,
      },
    );
  }
}

/** An approval that is addressed to nobody would be waited for in vain. @throws UserError `approver-not-found` (404) */
async function refuseUnknownApprovers(store: Pick<Store, "read">, names: readonly string[]): Promise<void> {
  const found = await Promise.all(names.map((name) => principalsNamed(store, name)));
  const unknown = names.filter((_, index) => found[index]?.some(({ enabled }) => enabled) !== true);
  if (unknown.length === 0) {
    return;
  }
  const quoted = unknown.map((name) => JSON.stringify(name)).join(", ");
  throw new UserError(
    "approver-not-found",
    `The approval is addressed to ${quoted}: there is no user, group or service principal of that name that is enabled, so nobody was asked.`,
    {
      status: 404,
      remedy:
        "Write the names as `npx runsmith get-user` and `npx runsmith get-group` show them; addressed to nobody, it is for whoever may operate the runbook.",
    },
  );
}

function sentenceOf({ message, remedy, errors = [] }: UserError): string {
  const details = errors.map(({ pointer, message: detail }) => `${pointer}: ${detail}`).join("; ");
  return [message, ...(details === "" ? [] : [`${details}.`]), ...(remedy === undefined ? [] : [remedy])].join(" ");
}
