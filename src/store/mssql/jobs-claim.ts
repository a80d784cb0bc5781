import { setTimeout as delay } from "node:timers/promises";
import type { Offer, QueueHeads } from "../claim-order.ts";
import { shareOut } from "../claim-order.ts";
import { bytesToId } from "../id-bytes.ts";
import type { JobWrites, QueueKey } from "../operations/jobs.ts";
import { completeJobs } from "./attempt-ends.ts";
import { claimedJobs } from "./claimed-jobs.ts";
import { noEffects, noteJobChange } from "./jobs-effects.ts";
import { offeredWorkers } from "./jobs-read.ts";
import { rowsOf } from "./procedure-rows.ts";
import type { MssqlSession, StatementResult } from "./session.ts";
import { ConnectionLost, isTransient, SqlError } from "./sql-errors.ts";
import { int, TableType, time } from "./sql-values.ts";

const placementIds = new TableType("runsmith.PlacementIds", { placement_id: "binary(16)" });
const claimSlots = new TableType("runsmith.ClaimSlots", {
  position: "int",
  placement_id: "binary(16)",
  worker_id: "binary(16)",
  instance_id: "nvarchar",
  link_id: "nvarchar",
});

/** Milliseconds between two looks for a claim whose answer was lost. */
const lookUpPause = 1_000;

type ClaimRequest = Parameters<JobWrites["claimJobs"]>[0];
type Claim = Awaited<ReturnType<JobWrites["claimJobs"]>>;

/** An offer, and which of the requests made it. */
interface OfferOfRequest extends Offer {
  request: number;
  instanceId: string;
  linkId: string | null;
}

/**
 * Claims jobs: looks at the first ones of each queue, shares the free slots out between the queues, and fills them, each with whatever
 * is the next job of its queue then. The look is a read and costs nobody anything; the claim itself is the one statement that takes
 * a job out of the queue.
 */
export class JobClaims {
  readonly #session: MssqlSession;
  #lastClaimedAt = 0;

  constructor(session: MssqlSession) {
    this.#session = session;
  }

  /** Answers requests together, each as `JobWrites.claimJobs` says. Of more than one, each may have all the slots that it offers. */
  async claim(requests: readonly ClaimRequest[]): Promise<Claim[]> {
    const { now, sandboxes, queues } = await this.#look(requests);
    const claims = requests.map((): Claim => ({ claimed: [], passedOver: [], more: [], effects: noEffects() }));
    const offers: OfferOfRequest[] = [];
    for (const [request, { offers: offered }] of requests.entries()) {
      for (const offer of offered) {
        const sandbox = sandboxes.get(offer.workerId);
        if (sandbox === undefined) {
          claims[request]?.passedOver.push(offer.workerId);
        } else if (offer.slots > 0) {
          offers.push({
            ...offer,
            request,
            linkId: offer.linkId ?? null,
            sandbox,
            kindSlots: { ...offer.kindSlots },
            placementIds: new Set(offer.placementIds),
          });
        }
      }
    }
    const limit = requests.reduce((sum, request) => sum + request.limit, 0);
    const { takers, more } = shareOut(queues, offers, limit);
    const slots = [...takers].flatMap(([queue, workers]) =>
      (workers as OfferOfRequest[]).map((offer) => ({ queue, offer })),
    );
    if (slots.length > 0) {
      for (const placementId of await this.#fillAll(slots, now, claims)) {
        more.add(placementId);
      }
    }
    for (const [request, { queues: named }] of requests.entries()) {
      const mine = named.map(({ placementId }) => placementId).filter((placementId) => more.has(placementId));
      claims[request]?.more.push(...new Set(mine));
    }
    return claims;
  }

  /** Adds what the slots were filled with to the claims; gives the placements of which more may wait. */
  async #fillAll(
    slots: { queue: QueueKey; offer: OfferOfRequest }[],
    now: number,
    claims: readonly Claim[],
  ): Promise<Set<string>> {
    const result = await this.#fill(
      slots.map(({ queue, offer }, position) => ({
        position,
        placement_id: queue.placementId,
        worker_id: offer.workerId,
        instance_id: offer.instanceId,
        link_id: offer.linkId,
      })),
      now,
    );
    const filled = new Set<number>();
    for (const { position, job } of claimedJobs(result)) {
      // Of a claim that was looked up nobody knows the slot; any of the worker's does.
      const slot =
        position ??
        slots.findIndex(
          ({ queue, offer }, index) =>
            !filled.has(index) && offer.workerId === job.workerId && queue.placementId === job.placementId,
        );
      filled.add(slot);
      claims[slots[slot]?.offer.request ?? 0]?.claimed.push(job);
    }
    for (const { job_id } of rowsOf<{ job_id: Uint8Array }>(result, "parked")) {
      const [first] = claims;
      if (first !== undefined) {
        noteJobChange(first.effects, bytesToId(job_id));
      }
    }
    const live = new Set(rowsOf<{ worker_id: Uint8Array }>(result, "worker").map((row) => bytesToId(row.worker_id)));
    const left = new Set<string>();
    for (const [index, { queue, offer }] of slots.entries()) {
      if (!filled.has(index)) {
        // Others claimed what was seen, or it was parked: more may wait behind it.
        left.add(queue.placementId);
        const passedOver = claims[offer.request]?.passedOver;
        if (!live.has(offer.workerId) && passedOver?.includes(offer.workerId) === false) {
          passedOver.push(offer.workerId);
        }
      }
    }
    return left;
  }

  async #look(requests: readonly ClaimRequest[]) {
    const offers = requests.flatMap((request) => request.offers);
    const queues = uniqueBy(
      requests.flatMap((request) => request.queues),
      ({ placementId }) => placementId,
    );
    const limit = requests.reduce((sum, request) => sum + request.limit, 0);
    const result = await this.#session.execute("runsmith.ReadClaimable", {
      workers: offeredWorkers.of(
        uniqueBy(offers, ({ workerId }) => workerId).map(({ workerId, instanceId, linkId }) => ({
          worker_id: workerId,
          instance_id: instanceId,
          link_id: linkId ?? null,
        })),
      ),
      queues: placementIds.of(queues.map(({ placementId }) => ({ placement_id: placementId }))),
      limit: int(limit + 1),
    });
    const heads = Map.groupBy(
      rowsOf<{ placement_id: Uint8Array; job_id: Uint8Array; rank: number; lag: number }>(result, "head"),
      ({ placement_id }) => bytesToId(placement_id),
    );
    return {
      now: rowsOf<{ now: number }>(result, "time")[0]?.now ?? 0,
      sandboxes: new Map(
        rowsOf<{ worker_id: Uint8Array; sandbox: string | null }>(result, "worker").map((row) => [
          bytesToId(row.worker_id),
          row.sandbox,
        ]),
      ),
      queues: queues.flatMap((queue): QueueHeads[] => {
        const rows = heads.get(queue.placementId);
        return rows === undefined
          ? []
          : [{ queue, heads: rows.map(({ job_id, rank, lag }) => ({ jobId: job_id, rank, lag })) }];
      }),
    };
  }

  async #fill(slots: ClaimSlot[], now: number): Promise<StatementResult> {
    // Never the same for two claims of this service, and a worker is served by one service at a time.
    const claimedAt = Math.max(now, this.#lastClaimedAt + 1);
    this.#lastClaimedAt = claimedAt;
    try {
      return await this.#session.execute("runsmith.ClaimJobs", {
        slots: claimSlots.of(slots),
        claimed_at: time(claimedAt),
      });
    } catch (error) {
      if (!isTransient(error) || (error instanceof ConnectionLost && error.done === "no")) {
        throw error;
      }
      const found = await this.#lookUp(slots, claimedAt);
      // An error that the server gave may come from what the procedure does behind its commit.
      if (error instanceof SqlError && claimedJobs(found).length === 0) {
        throw error;
      }
      return found;
    }
  }

  /**
   * What a claim came to that ended without an answer. While the database cannot tell, that is asked for again and again, and the jobs, which
   * are nobody's to hand over then, are put back.
   */
  async #lookUp(slots: ClaimSlot[], claimedAt: number): Promise<StatementResult> {
    try {
      return await this.#readClaim(slots, claimedAt);
    } catch (error) {
      void this.#putBackLater(slots, claimedAt);
      throw error;
    }
  }

  async #putBackLater(slots: ClaimSlot[], claimedAt: number): Promise<void> {
    for (;;) {
      await delay(lookUpPause, undefined, { ref: false });
      try {
        const jobs = claimedJobs(await this.#readClaim(slots, claimedAt));
        const declined = "the answer to its claim was lost";
        await completeJobs(
          this.#session,
          jobs.map(({ job: { jobId, attempt, workerId } }) => ({ jobId, attempt, workerId, declined })),
        );
        return;
      } catch (error) {
        if (!isTransient(error)) {
          return;
        }
      }
    }
  }

  #readClaim(slots: ClaimSlot[], claimedAt: number): Promise<StatementResult> {
    const workers = uniqueBy(slots, ({ worker_id }) => worker_id);
    return this.#session.execute("runsmith.ReadClaim", {
      workers: offeredWorkers.of(
        workers.map(({ worker_id, instance_id, link_id }) => ({ worker_id, instance_id, link_id })),
      ),
      claimed_at: time(claimedAt),
    });
  }
}

interface ClaimSlot {
  position: number;
  placement_id: string;
  worker_id: string;
  instance_id: string;
  link_id: string | null;
}

function uniqueBy<Item>(items: readonly Item[], key: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
