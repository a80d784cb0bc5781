import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { JobStreamRecord } from "../../src/contract/stream.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { ApiClient } from "../connection/api-client.ts";

export type JobEvent = { type: "record"; record: JobStreamRecord } | { type: "job"; job: JobResource };

/** How long a broken connection is tried again before the follower gives up, in milliseconds. */
const patience = 120_000;

/**
 * The events of a job, live, from its first record (or after the record with the id `after`). A broken connection is made
 * again and goes on after the last record that came. It does not end by itself: whoever reads stops at the status that
 * matters. `begun` is an answer that gives the events from the first one on already. Throws `UserError` when the service refuses,
 * or is not reachable for two minutes.
 */
export async function* jobEvents(
  api: ApiClient,
  jobId: string,
  { signal, after, begun }: { signal: AbortSignal; after?: string; begun?: IncomingMessage | undefined },
): AsyncGenerator<JobEvent, void, undefined> {
  let lastId = after ?? null;
  let brokenSince: number | null = null;
  let pause = 100;
  let next = begun;
  for (;;) {
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (lastId !== null) headers["last-event-id"] = lastId;
      const path = `/api/events?topics=job:${encodeURIComponent(jobId)}`;
      const stream = next ?? (await api.open("GET", path, { headers, signal }));
      next = undefined;
      brokenSince = null;
      pause = 100;
      for await (const event of eventsOf(stream, signal)) {
        if (event.type === "record") {
          if (lastId !== null && !isAfter(event.record.id, lastId)) continue;
          lastId = event.record.id;
        }
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isBroken(error)) throw error;
      brokenSince ??= Date.now();
      if (Date.now() - brokenSince > patience) throw error;
    }
    if (signal.aborted) return;
    await sleep(pause, undefined, { signal }).catch(() => {});
    pause = Math.min(2 * pause, 5_000);
  }
}

async function* eventsOf(stream: IncomingMessage, signal: AbortSignal): AsyncGenerator<JobEvent> {
  const parsed: JobEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === "record") parsed.push({ type: "record", record: JSON.parse(data) as JobStreamRecord });
      else if (event === "job") parsed.push({ type: "job", job: JSON.parse(data) as JobResource });
    },
  });
  // An answer to the request that started the job knows nothing of the signal.
  const leave = (): void => void stream.destroy();
  signal.addEventListener("abort", leave);
  stream.setEncoding("utf8");
  try {
    if (signal.aborted) leave();
    for await (const chunk of stream) {
      parser.feed(chunk as string);
      yield* parsed.splice(0);
    }
  } finally {
    signal.removeEventListener("abort", leave);
    stream.destroy();
  }
}

/** Worth another try: the service is away, or on its way back. */
function isBroken(error: unknown): boolean {
  return error instanceof UserError ? error.status >= 500 : (error as NodeJS.ErrnoException)?.code !== undefined;
}

/** Record ids are `attempt.number`. */
function isAfter(id: string, other: string): boolean {
  const [attempt = 0, number = 0] = id.split(".").map(Number);
  const [otherAttempt = 0, otherNumber = 0] = other.split(".").map(Number);
  return attempt === otherAttempt ? number > otherNumber : attempt > otherAttempt;
}
