import { UserError } from "../../../contract/user-error.ts";
import type { CallersJobs } from "../../../jobs/callers-jobs.ts";
import type { FeedTopic } from "../../../jobs/live-feeds.ts";
import { EventPositions, eventPositionSchema } from "../event-positions.ts";
import type { EventStreams } from "../event-streams.ts";
import { abortedWith, feedAnswer } from "../feed-answer.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";

/** A page shows a list and some jobs; more than this in one connection is no page. */
const mostTopics = 50;

/** `/api/events`: what happens, as it happens. */
export function eventRoutes(jobs: CallersJobs, streams: EventStreams): Route[] {
  return [
    route<{ query: { topics: string; after?: string } }>({
      method: "GET",
      path: "/api/events",
      name: "followEvents",
      summary:
        "Follows topics as server-sent events: `record` and `job` events of `job:ID`, `job` events of all `jobs` (those without parameters and result: read the job for them). Goes on after the end of a job, whose event comes after its last record. A record's event id is `attempt.number`; with several `job:ID` topics it names the position in each.",
      access: "read",
      query: {
        topics: { type: "string", maxLength: 4096, description: "Separated by commas: `job:ID`, `jobs`." },
        after: eventPositionSchema,
      },
      responses: { 200: { description: "The events.", mediaType: "text/event-stream" } },
      async handle(request) {
        streams.refuseTooMany(request.caller);
        const named = topicsOf(request.query.topics);
        const jobIds = named.filter((topic) => topic.type === "job").map(({ jobId }) => jobId);
        // Before the answer begins: afterwards nothing could say what is wrong.
        // The feed of one topic tells by its first portion; several would begin before the last of them is known.
        if (named.length > 1) {
          await Promise.all(jobIds.map((jobId) => jobs.getJob(jobId, request.caller)));
        }
        const last = request.incoming.headers["last-event-id"];
        const positions = new EventPositions(jobIds, [
          typeof last === "string" ? last : undefined,
          request.query.after,
        ]);
        const topics = named.map((topic): FeedTopic => {
          if (topic.type === "jobs") {
            return topic;
          }
          const after = positions.of(topic.jobId);
          return after === undefined ? topic : { ...topic, after };
        });
        const gone = abortedWith(request.signal);
        const feed = await jobs.openFeed({ topics, signal: gone.signal }, request.caller);
        const first = jobIds.length === 1 && named.length === 1 ? await feed.next() : undefined;
        return feedAnswer({ feed, first, positions, gone, reader: request.caller, streams });
      },
    }),
  ];
}

/** Each topic once. @throws UserError `invalid-request` */
function topicsOf(text: string | undefined): FeedTopic[] {
  const topics = (text ?? "").split(",").map((topic): FeedTopic | null => {
    if (topic === "jobs") {
      return { type: "jobs" };
    }
    const jobId = /^job:([\w-]{1,64})$/.exec(topic)?.[1];
    return jobId === undefined ? null : { type: "job", jobId: jobId.toLowerCase() };
  });
  const known = topics.filter((topic) => topic !== null);
  if (known.length < topics.length || known.length > mostTopics) {
    throw new UserError("invalid-request", "These topics cannot be followed.", {
      remedy: `Name 1 to ${mostTopics} topics, separated by commas: job:ID for a job, jobs for all of them.`,
      errors: [{ pointer: "/query/topics", message: "must be job:ID or jobs, separated by commas" }],
    });
  }
  return [...new Map(known.map((topic) => [topic.type === "job" ? topic.jobId : topic.type, topic])).values()];
}
