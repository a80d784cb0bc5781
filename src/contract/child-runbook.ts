import type { JobResource } from "./api/job.ts";
import type { RunbookKind } from "./runbook-kind.ts";
import type { Signature } from "./signature.ts";
import type { JobStreamRecord } from "./stream.ts";

/*
 * Runbooks that call runbooks. Inside a job of the same kind of host the child's text runs in the caller's own job ("inline"); where the
 * kinds differ, an inline call is a job of its own that is waited for. Other jobs are started, followed and stopped in the name of the
 * principal that the caller acts as.
 */

/** How many runbooks may call each other in a row, the first one included. */
export const deepestCalls = 16;

/** Names of runbooks that an analysis tells of one text. */
export const mostCalls = 500;

/** Characters of children's texts that go with a job; what is beyond is asked for when it is called. */
export const longestCarriedScripts = 8 * 1024 * 1024;

/** A version of another runbook, as a job runs it in itself. */
export interface ChildRunbook {
  name: string;
  kind: RunbookKind;
  versionId: string;
  /** What the host runs; null where it is not at hand, or a host of another kind runs it. */
  script: string | null;
  signature: Signature;
}

/** What a running job asks about other runbooks and jobs. Names of runbooks may be ids, too. */
export type RunbookRequest =
  /** The version that the job runs inside itself: pinned when the job was started, else now. */
  | { action: "find"; name: string }
  /** Starts a job; the same one however often the same call asks. */
  | {
      action: "start";
      /** Names the call within its job, the same in each attempt. */
      call: string;
      runbook: string;
      parameters: Record<string, unknown>;
      /** In place of a call inside the job: of the pinned version, and stopped with it. */
      isInline: boolean;
      stopsWithParent: boolean;
      /** A worker group in which its runbook has to run; left out where any will do. */
      runOn?: string;
    }
  | { action: "get-job"; jobId: string }
  /**
   * Answered when the job has ended or said something after `after` (null: what it says is not asked for), but after `patience`
   * milliseconds in any case.
   */
  | { action: "follow-job"; jobId: string; after: string | null; patience: number }
  | { action: "read-job"; jobId: string; after: string | null; since?: string }
  | { action: "stop-job" | "suspend-job" | "resume-job"; jobId: string }
  /** Whether each of these names is somebody's who could approve. */
  | { action: "find-approvers"; names: readonly string[] };

/** What is wrong with a request, for the script's author. */
export interface RunbookRequestError {
  /** Such as `runbook-not-found`, `invalid-parameters`, `runbook-cycle`. */
  code: string;
  message: string;
}

export type RunbookAnswer =
  | { child: ChildRunbook }
  | { jobId: string }
  | { approvers: readonly string[] }
  | { job: JobResource }
  /** Records in order, `next` is where they end; `more` of them may be there already. */
  | { job: JobResource; records: JobStreamRecord[]; next: string | null; more: boolean }
  | { error: RunbookRequestError };

/** The longest time for which a `follow-job` waits, in milliseconds: asked for only where the script waits for as long as it takes. */
export const longestFollow = 25_000;

/** Characters of records in one answer: what goes over the link with heartbeats has to be short. */
export const longestAnswerRecords = 256 * 1024;

const text = { type: "string" } as const;
const runbookName = { type: "string", minLength: 1, maxLength: 256 } as const;
const position = { type: ["string", "null"], pattern: "^\\d{1,9}\\.\\d{1,15}$" } as const;
const jobId = { type: "string", minLength: 1, maxLength: 64 } as const;

/** JSON Schema of a `RunbookRequest`. */
export const runbookRequestSchema = {
  type: "object",
  required: ["action"],
  oneOf: [
    { required: ["name"], properties: { action: { const: "find" }, name: runbookName } },
    {
      required: ["call", "runbook", "parameters", "isInline", "stopsWithParent"],
      properties: {
        action: { const: "start" },
        call: { type: "string", minLength: 1, maxLength: 8192 },
        runbook: runbookName,
        parameters: { type: "object" },
        isInline: { type: "boolean" },
        stopsWithParent: { type: "boolean" },
        runOn: { type: "string", minLength: 1, maxLength: 256 },
      },
    },
    { required: ["jobId"], properties: { action: { const: "get-job" }, jobId } },
    {
      required: ["jobId", "after", "patience"],
      properties: { action: { const: "follow-job" }, jobId, after: position, patience: { type: "number", minimum: 0 } },
    },
    {
      required: ["jobId", "after"],
      properties: { action: { const: "read-job" }, jobId, after: position, since: text },
    },
    {
      required: ["names"],
      properties: {
        action: { const: "find-approvers" },
        names: { type: "array", minItems: 1, maxItems: 100, items: { type: "string", maxLength: 256 } },
      },
    },
    { required: ["jobId"], properties: { action: { enum: ["stop-job", "suspend-job", "resume-job"] }, jobId } },
  ],
} as const;
