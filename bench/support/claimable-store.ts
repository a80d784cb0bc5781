import { createHash } from "node:crypto";
import { v7 as newId } from "uuid";
import { emptySignature } from "../../src/contract/signature.ts";
import { openStore } from "../../src/store/open-store.ts";
import type { SlotOffer } from "../../src/store/operations/jobs.ts";
import { placementId } from "../../src/store/placement-id.ts";
import type { Store } from "../../src/store/store.ts";
import type { StoreOptions } from "../../src/store/store-options.ts";
import { addJobs } from "./bulk-jobs.ts";

/** What is in a store besides the jobs that may be claimed. */
export interface ClaimSet {
  /** Jobs that may be claimed. */
  waiting: number;
  /** Jobs that have ended. */
  history: number;
  /** Jobs of one runbook that its concurrency rule keeps out of the queue. */
  parked: number;
}

/** One worker that claims for itself. */
export interface Claimer {
  offer: SlotOffer;
  placementId: string;
}

const groups = ["north", "south", "west"];
const priorities = [0, 10, -10];
const finished = 60;
const executable = "export default () => 1";

/**
 * Makes a store with 1,000 runbooks of three groups and three priorities and eight workers, fills it, and opens it. A few jobs of
 * each kind are accepted, claimed and ended as always; the others are their copies.
 */
export async function makeClaimableStore(
  options: StoreOptions,
  set: ClaimSet,
): Promise<{ store: Store; claimers: Claimer[] }> {
  // 1,000 for the 100,000 jobs of a whole run.
  const runbooks = set.waiting / 100;
  const store = await openStore(options);
  let claimers: Claimer[];
  try {
    claimers = await addWorkers(store);
    const runbookIds = await together(
      Array.from({ length: runbooks }, (_, index) => index),
      (index) => addRunbook(store, `runbook-${index}`, index, null),
    );
    await finishSome(store, runbookIds.slice(0, finished), claimers);
    const limited = await addRunbook(store, "limited", 0, 1);
    await acceptOne(store, limited);
    await acceptOne(store, limited);
    await together(runbookIds, (runbook) => acceptOne(store, runbook));
  } finally {
    await store.close();
  }
  const hour = 3_600_000;
  const now = Date.now();
  const ended = { templates: "ended_at IS NOT NULL", from: now - 20 * 24 * hour, until: now - 24 * hour };
  const waiting = { from: now - hour, until: now };
  await addJobs(options, [
    { ...ended, count: set.history },
    {
      ...waiting,
      templates: "status = 'New' AND parked = 0 AND runbook_name <> 'limited'",
      count: set.waiting - runbooks,
    },
    { ...waiting, templates: "parked = 1", count: set.parked },
  ]);
  return { store: await openStore(options), claimers };
}

/** Sixteen at a time: more would wait for each other in the database. */
async function together<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const [index, item] of left) results[index] = await work(item);
    }),
  );
  return results;
}

async function addWorkers(store: Store): Promise<Claimer[]> {
  const claimers: Claimer[] = [];
  for (let index = 0; index < 8; index += 1) {
    const name = `worker-${index}`;
    const group = groups[index % groups.length] ?? "";
    const tokenHash = createHash("sha256").update(name).digest();
    const { workerId } = await store.write.createWorker({ name, group, tokenHash, tokenPurpose: "worker" });
    const instanceId = newId();
    await store.write.helloWorker({
      ...{ workerId, instanceId, version: "0", protocol: 2, hostName: "bench", sandbox: "bubblewrap", slots: 100_000 },
      ...{ hostKinds: [{ kind: "node", version: "26" }], running: [] },
      leases: { usual: 3_600_000, byGroup: {} },
    });
    const placement = placementOf(group);
    const id = placementId("node", placement);
    claimers.push({
      placementId: id,
      offer: { workerId, instanceId, slots: 32, kindSlots: { node: 32 }, placementIds: [id] },
    });
  }
  return claimers;
}

function placementOf(group: string) {
  return { runOn: [`group:${group}`], standBys: [], standByAfter: 60_000, requiredTags: [] };
}

async function addRunbook(store: Store, name: string, index: number, concurrencyLimit: number | null) {
  const { runbook } = await store.write.importRunbook({
    ...{ name, kind: "TypeScript", source: new TextEncoder().encode(executable), overwrite: false, changedBy: "bench" },
    analysis: { signature: emptySignature, needs: [], problems: [], synopsis: "", executable },
    settings: {
      ...placementOf(groups[index % groups.length] ?? ""),
      priority: priorities[Math.floor(index / groups.length) % priorities.length] ?? 0,
      concurrencyLimit,
    },
  });
  return { runbookId: runbook.runbookId, versionId: runbook.draft?.versionId ?? "" };
}

async function acceptOne(store: Store, runbook: { runbookId: string; versionId: string }): Promise<void> {
  const { outcome } = await store.write.acceptJob({
    ...{ ...runbook, jobId: newId(), versionNumber: 1, draft: true, startedBy: "bench", idempotency: null },
    ...{ parameters: { host: "web-1", count: 3 }, secretNames: [] },
  });
  if (outcome !== "accepted") throw new Error(`a job was not accepted: ${outcome}`);
}

/** Jobs that run to their end, with three records and a result. */
async function finishSome(
  store: Store,
  runbookIds: { runbookId: string; versionId: string }[],
  claimers: Claimer[],
): Promise<void> {
  await together(runbookIds, (runbook) => acceptOne(store, runbook));
  for (const claimer of claimers.slice(0, groups.length)) {
    const claimed = await claim(store, claimer);
    const now = Date.now();
    const attempts = claimed.map(({ jobId, attempt, workerId }) => ({ jobId, attempt, workerId }));
    await store.write.appendRecords({
      progress: attempts.map((attempt) => ({ ...attempt, hostReadyAt: now, runningAt: now })),
      batches: attempts.map((attempt) => ({
        ...attempt,
        records: {
          numbers: Float64Array.of(1, 2, 3),
          streams: Uint8Array.of(0, 0, 0),
          times: Float64Array.of(now, now, now),
          texts: ["checking web-1", "done", '{"ok":true}'],
          flags: new Uint8Array(3),
        },
        ended: { outcome: "Completed", reason: "script", endedAt: now, result: { ok: true } },
      })),
    });
  }
}

/** One call of a worker with 32 free slots. */
export async function claim(store: Store, { offer, placementId: id }: Claimer) {
  const { claimed } = await store.write.claimJobs({
    queues: [{ placementId: id, hostKind: "node" }],
    offers: [{ ...offer }],
    limit: 32,
  });
  return claimed;
}
