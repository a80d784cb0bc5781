import type { HostKind } from "../contract/runbook-kind.ts";
import type { QueueKey } from "./operations/jobs.ts";

/** Free slots of a worker that may have jobs now; counted down as jobs are given to it. */
export interface Offer {
  workerId: string;
  sandbox: string | null;
  slots: number;
  kindSlots: Partial<Record<HostKind, number>>;
  placementIds: ReadonlySet<string>;
}

/** The first jobs of a queue, in its order. */
export interface QueueHeads {
  queue: QueueKey;
  heads: {
    jobId: Uint8Array;
    /** The smaller goes first. */
    rank: number;
    /** How far its tag is from the queue's position: the tags of two queues say nothing of each other, their distances do. */
    lag: number;
  }[];
}

/**
 * Decides which worker takes how many of the first jobs of which queue. Between queues the smaller rank goes first, then the
 * smaller lag, so that queues, and the runbooks in them, take turns; then the older job. Between workers the freest takes it.
 *
 * `more`: placements of which a job is left that no offer had a place for, or that the limit left out.
 */
export function shareOut(
  queues: readonly QueueHeads[],
  offers: readonly Offer[],
  limit: number,
): { takers: Map<QueueKey, Offer[]>; more: Set<string> } {
  const takers = new Map<QueueKey, Offer[]>();
  const more = new Set<string>();
  const waiting = new Map(queues.map((queue) => [queue, 0]));
  for (let taken = 0; taken < limit && waiting.size > 0; ) {
    const queue = firstOf(waiting);
    if (queue === undefined) {
      break;
    }
    const worker = freestFor(queue.queue, offers);
    if (worker === undefined) {
      more.add(queue.queue.placementId);
      waiting.delete(queue);
      continue;
    }
    const { hostKind } = queue.queue;
    worker.slots -= 1;
    worker.kindSlots[hostKind] = (worker.kindSlots[hostKind] ?? 0) - 1;
    const workers = takers.get(queue.queue) ?? [];
    workers.push(worker);
    takers.set(queue.queue, workers);
    taken += 1;
    const position = (waiting.get(queue) ?? 0) + 1;
    if (position < queue.heads.length) {
      waiting.set(queue, position);
    } else {
      waiting.delete(queue);
    }
  }
  for (const { queue } of waiting.keys()) {
    more.add(queue.placementId);
  }
  return { takers, more };
}

function firstOf(waiting: ReadonlyMap<QueueHeads, number>): QueueHeads | undefined {
  let first: QueueHeads | undefined;
  for (const queue of waiting.keys()) {
    if (first === undefined || goesBefore(headOf(queue, waiting), headOf(first, waiting))) {
      first = queue;
    }
  }
  return first;
}

function headOf(queue: QueueHeads, waiting: ReadonlyMap<QueueHeads, number>) {
  return queue.heads[waiting.get(queue) ?? 0];
}

function goesBefore(a: QueueHeads["heads"][number] | undefined, b: QueueHeads["heads"][number] | undefined): boolean {
  if (a === undefined || b === undefined) {
    return b === undefined;
  }
  return (a.rank - b.rank || a.lag - b.lag || Buffer.compare(a.jobId, b.jobId)) < 0;
}

function freestFor({ placementId, hostKind }: QueueKey, offers: readonly Offer[]): Offer | undefined {
  let freest: Offer | undefined;
  for (const offer of offers) {
    const hasPlace = offer.slots > 0 && (offer.kindSlots[hostKind] ?? 0) > 0 && offer.placementIds.has(placementId);
    if (hasPlace && (freest === undefined || offer.slots > freest.slots)) {
      freest = offer;
    }
  }
  return freest;
}
