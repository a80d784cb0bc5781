import type { JobFilter } from "../../../contract/api/job-filter.ts";
import { jobOutcomeNames } from "../../../contract/api/job-filter.ts";
import type { JobStatus } from "../../../contract/job-status.ts";
import { jobStatuses } from "../../../contract/job-status.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, orNull, pageQuery } from "./common-schemas.ts";

/** Jobs of one page that something is done to; all that are named where their ids are. */
export const largestBulkPage = 200;
export const defaultBulkPage = 100;

const name: JsonSchema = { type: "string", minLength: 1, maxLength: 256 };
const time: JsonSchema = { type: "string", format: "date-time" };

/** The members of `JobFilter` that a query and a body write in the same way. */
const filterMembers = {
  runbook: { ...name, description: "Id or name." },
  since: { ...time, description: "Accepted then or later." },
  until: { ...time, description: "Accepted before then." },
  group: { ...name, description: "Name of the worker group." },
  worker: { ...name, description: "Id or name of the worker that has the job, or had its last attempt." },
  startedBy: { ...name, description: "Name of the principal that started it." },
  tag: { ...name, description: "A tag that its runbook has now." },
} as const satisfies Record<string, JsonSchema>;

const anyStatus = jobStatuses.join("|");

/** The filter as query parameters. */
export const jobFilterQuery: Readonly<Record<string, JsonSchema>> = {
  ...filterMembers,
  status: {
    type: "string",
    pattern: `^(${anyStatus})(,(${anyStatus}))*$`,
    description: "One state, or several separated by commas.",
  },
};

/** The input that `jobFilterQuery` describes. */
export interface JobFilterQuery extends Omit<JobFilter, "status"> {
  status?: string;
}

/** The filter of a query. */
export function filterOfQuery({ status, ...rest }: JobFilterQuery): JobFilter {
  return { ...rest, ...(status !== undefined && { status: status.split(",") as JobStatus[] }) };
}

const filter: JsonSchema = {
  ...objectSchema(
    {
      ...filterMembers,
      status: { type: "array", items: { enum: jobStatuses }, minItems: 1, uniqueItems: true },
    },
    [...Object.keys(filterMembers), "status"],
  ),
  description: "Which jobs: those that fit everything that is named.",
};

const selection = {
  jobIds: {
    type: "array",
    items: idSchema,
    minItems: 1,
    maxItems: largestBulkPage,
    description: "These jobs; in place of a filter.",
  },
  filter,
  after: { ...pageQuery.after, description: "The `next` of the page before; with a filter only." },
  limit: { type: "integer", minimum: 1, maximum: largestBulkPage, description: "Jobs of the page." },
  dryRun: { type: "boolean", description: "Only tells what would be done." },
} as const satisfies Record<string, JsonSchema>;

/** What is done either to jobs that are named, or to a page of those that a filter finds. */
function selecting(more: Record<string, JsonSchema>): JsonSchema {
  const members = { ...selection, ...more };
  return {
    ...objectSchema(members, Object.keys(members)),
    oneOf: [
      { required: ["jobIds"], properties: { jobIds: {} } },
      { required: ["filter"], properties: { filter: {} } },
    ],
  };
}

export const stopJobsSchema: JsonSchema = selecting({
  force: { type: "boolean", description: "Kill the scripts at once, without asking them to end." },
});

export const retryJobsSchema: JsonSchema = selecting({
  again: { type: "boolean", description: "Also jobs that were retried before." },
});

/** The resources in the OpenAPI document. */
export const jobFilterResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  JobOutcome: objectSchema({
    jobId: idSchema,
    runbookName: { type: ["string", "null"] },
    outcome: { enum: jobOutcomeNames },
    reason: { type: ["string", "null"], description: "Why; null where the outcome says all." },
    newJobId: { ...orNull(idSchema), description: "The newer job of a retried one." },
  }),
};
