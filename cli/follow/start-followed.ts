import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { JobResource } from "../../src/contract/api/job.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { ApiClient } from "../connection/api-client.ts";

/**
 * Starts a job and follows it in the same request. Repeated once when the connection broke; the job starts once.
 * `events` is undefined where the service is too old to answer with them. Throws `UserError` when the service refuses.
 */
export async function startFollowed(
  api: ApiClient,
  body: unknown,
): Promise<{ jobId: string; events: IncomingMessage | undefined }> {
  const headers = { accept: "text/event-stream, application/json", "idempotency-key": randomUUID() };
  const open = () => api.open("POST", "/api/jobs", { body, headers });
  const answer = await open().catch((error: unknown) => {
    if (!(error instanceof UserError) || error.code !== "connection-broken") throw error;
    return open();
  });
  const jobId = /\/api\/jobs\/([\w-]+)$/.exec(answer.headers.location ?? "")?.[1];
  if (jobId !== undefined && answer.headers["content-type"]?.startsWith("text/event-stream")) {
    return { jobId, events: answer };
  }
  let text = "";
  answer.setEncoding("utf8");
  for await (const chunk of answer) text += chunk as string;
  return { jobId: (JSON.parse(text) as JobResource).jobId, events: undefined };
}
