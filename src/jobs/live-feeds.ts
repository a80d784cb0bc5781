import { newId } from "../store/new-id.ts";
import type { RecordPosition } from "../store/operations/streams.ts";
import type { FeedEvent, JobFeedSource } from "./job-feed.ts";
import { allJobsFeed, jobFeed, mergedFeed, NewJobFollower, untilEnded } from "./job-feed.ts";
import type { StartedJob, StartJobRequest } from "./start-job.ts";

/** `after` is where a reader of the job's records is; at their beginning when left out. */
export type FeedTopic = { type: "job"; jobId: string; after?: RecordPosition } | { type: "jobs" };

/** What people follow live: topics, and a job from its start to its end. */
export class LiveFeeds {
  readonly #source: JobFeedSource;
  readonly #start: (request: StartJobRequest) => Promise<StartedJob>;

  /** @param start throws UserErrors as `JobStarter.start` says */
  constructor(source: JobFeedSource, start: (request: StartJobRequest) => Promise<StartedJob>) {
    this.#source = source;
    this.#start = start;
  }

  /**
   * Live events of topics, in portions that came together. Ends when `signal` is aborted; a reader that waits for more
   * can be ended only so.
   * @throws UserError `job-not-found` (404), by the first `next()`
   */
  open(of: { topics: FeedTopic[]; signal: AbortSignal }): AsyncGenerator<FeedEvent[], void, undefined> {
    const open = (signal: AbortSignal) =>
      of.topics.map((topic) =>
        topic.type === "jobs"
          ? allJobsFeed(this.#source.hub, signal)
          : jobFeed(this.#source, topic.jobId, topic.after === undefined ? { signal } : { signal, after: topic.after }),
      );
    return mergedFeed(open, of.signal);
  }

  /**
   * Starts a job and follows it from its acceptance to its end; the feed ends there, or when `signal` is aborted.
   * What was started before under its key is followed from its beginning. Throws as `JobStarter.start` does.
   */
  async startAndFollow(
    request: StartJobRequest,
    signal: AbortSignal,
  ): Promise<StartedJob & { feed: AsyncGenerator<FeedEvent[], void, undefined> }> {
    const jobId = newId();
    const follower = new NewJobFollower(this.#source, jobId);
    let started: StartedJob;
    try {
      started = await this.#start({ ...request, jobId });
    } catch (error) {
      follower.close();
      throw error;
    }
    // What was told of a job that was accepted before, be it by this very request, may have passed the follower by.
    if (started.job.jobId === jobId && !started.repeated) {
      return { ...started, feed: untilEnded(follower.feed(signal)) };
    }
    follower.close();
    return { ...started, feed: untilEnded(jobFeed(this.#source, started.job.jobId, { signal })) };
  }
}
