import type { JobResource } from "../../src/contract/api/job.ts";
import type { Page } from "../../src/contract/api/page.ts";
import { UserError } from "../../src/contract/user-error.ts";

/** Jobs that are shown of one family. */
const mostShown = 200;

/** A job with those that its script has started. */
export type JobWithChildren = Pick<JobResource, "jobId" | "runbookName" | "status"> & { children: JobWithChildren[] };

/** The jobs that led to a job, the first one first, and those that it led to. */
export interface JobFamily {
  parents: readonly JobResource[];
  children: JobWithChildren[];
}

/** Reads the family of a job, as far as the caller may read it. @param get reads a path of the API */
export async function readFamily(get: <T>(path: string) => Promise<T>, job: JobResource): Promise<JobFamily> {
  const parents: JobResource[] = [];
  for (let next = job.parentJobId; next !== null; next = parents[0]?.parentJobId ?? null) {
    const parent = await readable(get<JobResource>(`/api/jobs/${next}`));
    if (parent === null) break;
    parents.unshift(parent);
  }
  let left = mostShown;
  const childrenOf = async (jobId: string): Promise<JobWithChildren[]> => {
    if (left <= 0) return [];
    const { items } = await get<Page<JobResource>>(`/api/jobs/${jobId}/children?limit=${Math.min(left, 200)}`);
    left -= items.length;
    const children: JobWithChildren[] = [];
    for (const { jobId: id, runbookName, status } of items)
      children.push({ jobId: id, runbookName, status, children: await childrenOf(id) });
    return children;
  };
  return { parents, children: await childrenOf(job.jobId) };
}

/** The family as a tree, with a mark at the job itself; empty where it has none. */
export function familyText(job: JobResource, { parents, children }: JobFamily): string {
  if (parents.length === 0 && children.length === 0) return "";
  const lines: string[] = [];
  const line = (depth: number, of: Pick<JobResource, "jobId" | "runbookName" | "status">): void => {
    const branch = depth === 0 ? "" : `${"   ".repeat(depth - 1)}└─ `;
    lines.push(`${branch}${of.runbookName} ${of.status} ${of.jobId}${of.jobId === job.jobId ? "  (this job)" : ""}`);
  };
  for (const [depth, parent] of parents.entries()) line(depth, parent);
  line(parents.length, job);
  const addAll = (depth: number, members: readonly JobWithChildren[]): void => {
    for (const member of members) {
      line(depth, member);
      addAll(depth + 1, member.children);
    }
  };
  addAll(parents.length + 1, children);
  return lines.join("\n");
}

/** Null where the caller may not read it, or it was purged. */
async function readable<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof UserError && (error.status === 404 || error.status === 403)) return null;
    throw error;
  }
}
