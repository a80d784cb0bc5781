import type { JobResource } from "../contract/api/job.ts";
import type { RunbookAnswer } from "../contract/child-runbook.ts";
import { longestAnswerRecords, longestFollow } from "../contract/child-runbook.ts";
import type { JobStreamRecord } from "../contract/stream.ts";
import type { RecordPosition } from "../store/operations/streams.ts";
import type { FeedEvent, JobFeedSource } from "./job-feed.ts";
import { jobFeed } from "./job-feed.ts";
import { isEnded } from "./job-transitions.ts";

/** Behind every record. */
const afterAll: RecordPosition = { attempt: 999_999_999, number: 0 };

/**
 * A job as it is when it has ended or said something after `after`, or `patience` milliseconds have passed; with what it said, except
 * where `after` is null.
 * @param job as it is now
 */
export async function followJob(
  source: JobFeedSource,
  job: JobResource,
  after: string | null,
  patience: number,
): Promise<Extract<RunbookAnswer, { next: string | null }>> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), Math.min(patience, longestFollow));
  const found: Following = { job, records: [], left: longestAnswerRecords, next: after, more: false };
  try {
    const position = after === null ? afterAll : positionOf(after);
    for await (const portion of jobFeed(source, job.jobId, { after: position, signal: over.signal })) {
      if (takes(portion, found)) {
        break;
      }
    }
  } finally {
    clearTimeout(timer);
    over.abort();
  }
  const { records, next, more } = found;
  return { job: found.job, records, next, more };
}

interface Following {
  job: JobResource;
  records: JobStreamRecord[];
  /** Characters that records may still have. */
  left: number;
  next: string | null;
  more: boolean;
}

/** Whether there is enough to answer. */
function takes(portion: readonly FeedEvent[], found: Following): boolean {
  for (const event of portion) {
    if (event.type === "job") {
      found.job = event.job as JobResource;
      continue;
    }
    const { jobId: _, ...record } = event.record;
    found.left -= JSON.stringify(record).length;
    if (found.left < 0 && found.records.length > 0) {
      found.more = true;
      return true;
    }
    found.records.push(record);
    found.next = record.id;
  }
  // The end comes after the last record; before it there may be more.
  found.more = !isEnded(found.job.status) || portion.at(-1)?.type !== "job";
  return found.records.length > 0 || isEnded(found.job.status);
}

function positionOf(id: string): RecordPosition {
  const [attempt = "0", number = "0"] = id.split(".");
  return { attempt: Number(attempt), number: Number(number) };
}
