import type { JobResource } from "../../src/contract/api/job.ts";
import type { JobStepResource } from "../../src/contract/api/job-step.ts";
import type { Page } from "../../src/contract/api/page.ts";
import type { ApiClient } from "../connection/api-client.ts";

/** Says on standard error how a suspended job goes on: by which command, or when. */
export async function tellSuspended(api: ApiClient, { jobId, exception }: JobResource): Promise<void> {
  const { items } = await api.get<Page<JobStepResource>>(`/api/jobs/${encodeURIComponent(jobId)}/steps`);
  const open = exception === null ? items.filter(({ kind, endedAt }) => kind !== "step" && endedAt === null) : [];
  const ways = new Set(open.map((wait) => wayOf(wait, jobId)));
  if (ways.size === 0) ways.add(resumed(jobId));
  for (const way of ways) process.stderr.write(`${way}\n`);
}

function wayOf({ kind, event, name, until }: JobStepResource, jobId: string): string {
  switch (kind) {
    case "approval":
      return `Answer it: npx runsmith approve ${jobId} or npx runsmith reject ${jobId}`;
    case "event":
      return `Send the event: npx runsmith send-event ${jobId} ${JSON.stringify(event ?? name)} --value JSON`;
    case "time":
      return `It goes on by itself at ${until ?? name}.`;
    default:
      return resumed(jobId);
  }
}

function resumed(jobId: string): string {
  return `Let it go on: npx runsmith resume-job ${jobId}`;
}
