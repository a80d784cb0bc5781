import type { FeedEvent } from "../../jobs/job-feed.ts";
import type { EventPositions } from "./event-positions.ts";
import { EventStream, eventText } from "./event-stream.ts";
import type { EventStreams, StreamReader } from "./event-streams.ts";
import type { ApiAnswer } from "./route.ts";

type Feed = AsyncGenerator<FeedEvent[], void, undefined>;

export interface FeedAnswerOptions {
  feed: Feed;
  /** The first portion, where it was read already. */
  first?: IteratorResult<FeedEvent[], void> | undefined;
  positions: EventPositions;
  /** Ends the feed. */
  gone: AbortController;
  /** Whose token opened it: revoking it ends the stream. */
  reader: StreamReader;
  streams: EventStreams;
  /** 200 when left out. */
  status?: number;
  headers?: Readonly<Record<string, string>>;
}

/** Answers with a feed as server-sent events. */
export function feedAnswer(options: FeedAnswerOptions): ApiAnswer {
  const { feed, first, positions, gone, reader, streams, status = 200, headers = {} } = options;
  return {
    write(response) {
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) {
        response.setHeader(name, value);
      }
      const stream = new EventStream(response);
      streams.add(stream, reader);
      stream.gone.addEventListener("abort", () => gone.abort(), { once: true });
      if (stream.gone.aborted) {
        gone.abort();
      }
      return passOn(first, feed, positions, stream);
    },
  };
}

/** A controller that is aborted with a signal, and can be before it. */
export function abortedWith(signal: AbortSignal): AbortController {
  const controller = new AbortController();
  if (signal.aborted) {
    controller.abort();
  } else {
    signal.addEventListener("abort", () => controller.abort(), { once: true });
  }
  return controller;
}

/** Writes each portion of a feed in one piece, and reads the next one when the client has taken it. */
async function passOn(
  first: IteratorResult<FeedEvent[], void> | undefined,
  feed: Feed,
  positions: EventPositions,
  stream: EventStream,
): Promise<void> {
  try {
    for (let next = first ?? (await feed.next()); next.done !== true; next = await feed.next()) {
      if (!stream.sendText(next.value.map((event) => textOf(event, positions)).join(""))) {
        await stream.drained();
      }
    }
  } finally {
    await feed.return();
    stream.end();
  }
}

function textOf(event: FeedEvent, positions: EventPositions): string {
  return event.type === "record"
    ? eventText("record", JSON.stringify(event.record), positions.after(event.record))
    : eventText("job", JSON.stringify(event.job));
}
