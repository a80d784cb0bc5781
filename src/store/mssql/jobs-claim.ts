import { setTimeout as delay } from "node:timers/promises";
import type { Isolation } from "../../contract/api/runbook.ts";
import type { Grant } from "../../contract/grant.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import type { Offer, QueueHeads } from "../claim-order.ts";
import { shareOut } from "../claim-order.ts";
import { bytesToId } from "../id-bytes.ts";
import type { ClaimedJob, HostReuse, JobWrites, QueueKey, SlotOffer } from "../operations/jobs.ts";
import { toLogSwitches } from "../stored-job.ts";
import { completeJobs } from "./attempt-ends.ts";
import { noEffects, noteJobChange } from "./jobs-effects.ts";
import type { MssqlSession, StatementResult } from "./session.ts";
import { ConnectionLost, isTransient } from "./sql-errors.ts";
import { int, TableType, time } from "./sql-values.ts";

const offeredWorkers = new TableType("runsmith.OfferedWorkers", {
  worker_id: "binary(16)",
  instance_id: "nvarchar",
  link_id: "nvarchar",
});
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

type Claim = Awaited<ReturnType<JobWrites["claimJobs"]>>;

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

  /** See `JobWrites.claimJobs`. */
  async claim(request: Parameters<JobWrites["claimJobs"]>[0]): Promise<Claim> {
    const { now, sandboxes, queues } = await this.#look(request);
    const offers: (Offer & { instanceId: string; linkId: string | null })[] = [];
    const passedOver: string[] = [];
    for (const offer of request.offers) {
      if (!sandboxes.has(offer.workerId)) {
        passedOver.push(offer.workerId);
      } else if (offer.slots > 0) {
        offers.push({
          workerId: offer.workerId,
          instanceId: offer.instanceId,
          linkId: offer.linkId ?? null,
          sandbox: sandboxes.get(offer.workerId) ?? null,
          slots: offer.slots,
          kindSlots: { ...offer.kindSlots },
          placementIds: new Set(offer.placementIds),
        });
      }
    }
    const { takers, more } = shareOut(queues, offers, request.limit);
    const slots = [...takers].flatMap(([queue, workers]) =>
      workers.map((worker) => ({ queue, offer: offers.find((offer) => offer.workerId === worker.workerId) })),
    );
    if (slots.length === 0) {
      return { claimed: [], passedOver, more: [...more], effects: noEffects() };
    }

    const rows = slots.flatMap(({ queue, offer }, position) =>
      offer === undefined
        ? []
        : {
            position,
            placement_id: queue.placementId,
            worker_id: offer.workerId,
            instance_id: offer.instanceId,
            link_id: offer.linkId,
          },
    );
    const result = await this.#fill(rows, now);
    const claimed = claimedJobs(result);
    const parked = rowsOf<{ job_id: Uint8Array }>(result, "parked");
    const effects = noEffects();
    for (const { job_id } of parked) {
      noteJobChange(effects, bytesToId(job_id));
    }
    const live = new Set(rowsOf<{ worker_id: Uint8Array }>(result, "worker").map((row) => bytesToId(row.worker_id)));
    for (const { worker_id: workerId } of rows) {
      if (live.size > 0 && !live.has(workerId) && !passedOver.includes(workerId)) {
        passedOver.push(workerId);
      }
    }
    // Others claimed what was seen, or it was parked: more may wait behind it.
    for (const [queue, workers] of takers) {
      if (claimed.filter(({ placementId }) => placementId === queue.placementId).length < workers.length) {
        more.add(queue.placementId);
      }
    }
    return { claimed, passedOver, more: [...more], effects };
  }

  async #look({ queues, offers, limit }: { queues: QueueKey[]; offers: SlotOffer[]; limit: number }) {
    const result = await this.#session.execute("runsmith.ReadClaimable", {
      workers: offeredWorkers.of(
        uniqueBy(offers, ({ workerId }) => workerId).map(({ workerId, instanceId, linkId }) => ({
          worker_id: workerId,
          instance_id: instanceId,
          link_id: linkId ?? null,
        })),
      ),
      queues: placementIds.of(
        uniqueBy(queues, ({ placementId }) => placementId).map(({ placementId }) => ({ placement_id: placementId })),
      ),
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
      if (error instanceof ConnectionLost && error.done === "unknown") {
        return this.#lookUp(slots, claimedAt);
      }
      throw error;
    }
  }

  /**
   * What a claim came to whose answer was lost. While the database cannot tell, that is asked for again and again, and the jobs, which
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
          jobs.map(({ jobId, attempt, workerId }) => ({ jobId, attempt, workerId, declined })),
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

interface ClaimedRow {
  job_id: Uint8Array;
  attempt: number;
  worker_id: Uint8Array;
  placement_id: Uint8Array;
  host_kind: HostKind;
  runbook_id: Uint8Array;
  runbook_name: string;
  runbook_kind: RunbookKind;
  version_id: Uint8Array;
  parameters: string;
  log_switches: number;
  grants: string;
  time_limit: number | null;
  stop_grace: number;
  output_limit: number;
  isolation: Isolation;
  host_reuse: HostReuse;
  starter_id: Uint8Array | null;
  claimed_at: number;
}

function claimedJobs(result: StatementResult): ClaimedJob[] {
  return rowsOf<ClaimedRow>(result, "claimed").map((row) => ({
    jobId: bytesToId(row.job_id),
    attempt: row.attempt,
    workerId: bytesToId(row.worker_id),
    placementId: bytesToId(row.placement_id),
    hostKind: row.host_kind,
    runbookId: bytesToId(row.runbook_id),
    runbookName: row.runbook_name,
    runbookKind: row.runbook_kind,
    versionId: bytesToId(row.version_id),
    parameters: JSON.parse(row.parameters) as Record<string, unknown>,
    logs: toLogSwitches(row.log_switches),
    grants: JSON.parse(row.grants) as Grant[],
    timeLimit: row.time_limit,
    stopGrace: row.stop_grace,
    outputLimit: row.output_limit,
    isolation: row.isolation,
    hostReuse: row.isolation === "runbook" ? row.host_reuse : "never",
    starterId: row.starter_id === null ? null : bytesToId(row.starter_id),
    claimedAt: row.claimed_at,
  }));
}

/** The rows of one kind, of all that a procedure gave. */
export function rowsOf<Row>(result: StatementResult, kind: string): Row[] {
  return result.recordsets.flat().filter((row) => row["kind"] === kind) as Row[];
}

function uniqueBy<Item>(items: readonly Item[], key: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
