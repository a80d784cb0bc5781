import { UserError } from "../../../contract/user-error.ts";
import type { FeedEvent } from "../../../jobs/job-feed.ts";
import type { FeedTopic, JobsFeature } from "../../../jobs/jobs-feature.ts";
import type { RecordPosition } from "../../../store/operations/streams.ts";
import { EventStream, eventText } from "../event-stream.ts";
import type { EventStreams } from "../event-streams.ts";
import { recordPositionOf, recordPositionSchema } from "../record-position.ts";
import type { ApiRequest, Route } from "../route.ts";
import { route } from "../route.ts";

/** A page shows a list and some jobs; more than this in one connection is no page. */
const mostTopics = 50;

/** `/api/events`: what happens, as it happens. */
export function eventRoutes(jobs: JobsFeature, streams: EventStreams): Route[] {
  return [
    route<{ query: { topics: string; after?: string } }>({
      method: "GET",
      path: "/api/events",
      name: "followEvents",
      summary:
        "Follows topics as server-sent events: `record` and `job` events of `job:ID`, `job` events of all `jobs`. Goes on after the end of a job, whose event comes after its last record.",
      access: "administrator",
      query: {
        topics: { type: "string", maxLength: 4096, description: "Separated by commas: `job:ID`, `jobs`." },
        after: {
          ...recordPositionSchema,
          description:
            "With a single `job:ID` topic, records after this one only; `Last-Event-ID` does the same and counts first.",
        },
      },
      responses: { 200: { description: "The events.", mediaType: "text/event-stream" } },
      async handle(request) {
        const topics = topicsOf(request.query.topics);
        const after = positionOf(request, topics);
        const gone = new AbortController();
        request.signal.addEventListener("abort", () => gone.abort(), { once: true });
        const feed = jobs.openFeed({ topics, ...(after !== undefined && { after }), signal: gone.signal });
        // A job's feed begins at once, or says that there is no such job; the list of all jobs may be silent for long.
        const first = feed.next();
        if (topics.every(({ type }) => type === "job")) {
          await first;
        }
        return {
          write(response) {
            const stream = new EventStream(response);
            streams.add(stream, request.caller.principalId);
            stream.gone.addEventListener("abort", () => gone.abort(), { once: true });
            if (stream.gone.aborted) {
              gone.abort();
            }
            return passOn(first, feed, stream);
          },
        };
      },
    }),
  ];
}

/** Writes each portion of a feed in one piece, and reads the next one when the client has taken it. */
async function passOn(
  first: Promise<IteratorResult<FeedEvent[], void>>,
  feed: AsyncGenerator<FeedEvent[], void, undefined>,
  stream: EventStream,
): Promise<void> {
  try {
    for (let portion = await first; portion.done !== true; portion = await feed.next()) {
      if (!stream.sendText(portion.value.map(textOf).join(""))) {
        await stream.drained();
      }
    }
  } finally {
    stream.end();
  }
}

function textOf(event: FeedEvent): string {
  return event.type === "record"
    ? eventText("record", JSON.stringify(event.record), event.record.id)
    : eventText("job", JSON.stringify(event.job));
}

/** @throws UserError `invalid-request` */
function topicsOf(text: string | undefined): FeedTopic[] {
  const topics = (text ?? "").split(",").map((topic): FeedTopic | null => {
    if (topic === "jobs") {
      return { type: "jobs" };
    }
    const jobId = /^job:([\w-]{1,64})$/.exec(topic)?.[1];
    return jobId === undefined ? null : { type: "job", jobId };
  });
  const known = topics.filter((topic) => topic !== null);
  if (known.length < topics.length || known.length > mostTopics) {
    throw new UserError("invalid-request", "These topics cannot be followed.", {
      remedy: `Name 1 to ${mostTopics} topics, separated by commas: job:ID for a job, jobs for all of them.`,
      errors: [{ pointer: "/query/topics", message: "must be job:ID or jobs, separated by commas" }],
    });
  }
  return known;
}

/** Ids of records name no job, so they say where a reader is only when it follows one. */
function positionOf(
  request: Pick<
    ApiRequest<{ params: object & Record<string, string>; query: { after?: string }; body: unknown }>,
    "query" | "incoming"
  >,
  topics: readonly FeedTopic[],
): RecordPosition | undefined {
  if (topics.filter(({ type }) => type === "job").length !== 1) {
    return undefined;
  }
  const last = request.incoming.headers["last-event-id"];
  return recordPositionOf(typeof last === "string" ? last : undefined) ?? recordPositionOf(request.query.after);
}
