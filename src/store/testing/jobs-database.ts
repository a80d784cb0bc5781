import { createHash } from "node:crypto";
import { v7 as newId } from "uuid";
import type { Placement } from "../../contract/api/placement.ts";
import { defaultPlacement } from "../../contract/api/placement.ts";
import type { RunbookSettings } from "../../contract/api/runbook.ts";
import type { FinalEnd } from "../../contract/link/records-frames.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import { hostKindOf } from "../../contract/runbook-kind.ts";
import type { StreamName } from "../../contract/stream.ts";
import { streamNames } from "../../contract/stream.ts";
import type { ChildJobReads, ChildJobWrites } from "../operations/child-jobs.ts";
import type { DispatchReads, DispatchWrites } from "../operations/dispatch.ts";
import type { JobSecretReads, JobSecretWrites } from "../operations/job-secrets.ts";
import type { JobStepReads, JobStepWrites } from "../operations/job-steps.ts";
import type {
  AcceptedJob,
  ClaimedJob,
  JobReads,
  JobWrites,
  QueueKey,
  SlotOffer,
  StoredJob,
} from "../operations/jobs.ts";
import type { RecordColumns, StreamReads, StreamWrites } from "../operations/streams.ts";
import type { WorkerGroupReads, WorkerGroupWrites } from "../operations/worker-groups.ts";
import type { WorkerReads, WorkerWrites } from "../operations/workers.ts";
import { placementId } from "../placement-id.ts";
import type { Asynchronous } from "../store.ts";

/* For tests only: the operations of jobs, streams and workers over one of the databases, with a clock of its own. */

export type JobsOperations = JobReads &
  JobWrites &
  JobSecretReads &
  JobSecretWrites &
  ChildJobReads &
  ChildJobWrites &
  JobStepReads &
  JobStepWrites &
  DispatchReads &
  DispatchWrites &
  StreamReads &
  StreamWrites &
  WorkerGroupReads &
  WorkerGroupWrites &
  WorkerReads &
  WorkerWrites;

/** Ids as text, times as milliseconds, booleans as 0 and 1. */
export type PlainRow = Record<string, string | number | null>;

/** A runbook that jobs can be started of. */
export interface TestRunbook {
  runbookId: string;
  versionId: string;
  kind: RunbookKind;
}

export interface TestWorker {
  workerId: string;
  instanceId: string;
  slots: number;
  hostKinds: HostKind[];
  lease: number;
  /** Left out: its hello names none. */
  linkId?: string;
}

export abstract class JobsDatabase {
  /** The database's time. */
  time = 1_700_000_000_000;

  /** It is a server's, so each operation takes its time. */
  abstract readonly isRemote: boolean;

  abstract readonly operations: Asynchronous<JobsOperations>;

  /** All rows of a table, in the order of its key. */
  abstract rows(table: string): Promise<PlainRow[]>;

  protected abstract insert(table: string, row: PlainRow): Promise<void>;

  /** Changes rows behind the operations' back: of one runbook, or of all. */
  protected abstract update(table: string, changes: PlainRow, runbookId: string | null): Promise<void>;

  async count(table: string): Promise<number> {
    return (await this.rows(table)).length;
  }

  /** A published runbook; gives the ids of it and of its version. */
  async addRunbook(
    settings: Partial<RunbookSettings> & { kind?: RunbookKind; name?: string } = {},
  ): Promise<TestRunbook> {
    const runbookId = newId();
    const versionId = newId();
    const kind = settings.kind ?? "TypeScript";
    await this.insert("runbooks", {
      workspace_id: "00000000-0000-0000-0000-000000000000",
      runbook_id: runbookId,
      name: settings.name ?? `runbook-${runbookId}`,
      kind,
      placement_id: await this.#place(hostKindOf[kind], {
        runOn: settings.runOn ?? defaultPlacement.runOn,
        standBys: settings.standBys ?? [],
        standByAfter: settings.standByAfter ?? defaultPlacement.standByAfter,
        requiredTags: settings.requiredTags ?? [],
      }),
      priority: settings.priority ?? 0,
      isolation: settings.isolation ?? "job",
      share_callers: Number(settings.shareCallers ?? false),
      time_limit: settings.timeLimit ?? null,
      start_deadline: settings.startDeadline ?? null,
      concurrency_limit: settings.concurrencyLimit ?? null,
      concurrency_policy: settings.concurrencyPolicy ?? "wait",
      attempts: settings.attempts ?? 1,
      retries: settings.retries ?? 0,
      stop_grace: settings.stopGrace ?? 10_000,
      output_limit: 1_000_000,
      published_version_id: versionId,
      created_at: this.time,
      modified_at: this.time,
      modified_by: "test",
    });
    return { runbookId, versionId, kind };
  }

  /** Changes settings as the feature does, without looking after parked jobs. */
  async changeRunbook(
    change: {
      enabled?: boolean;
      concurrencyLimit?: number | null;
      concurrencyPolicy?: string;
      tags?: string[];
      folderId?: string;
    },
    runbookId: string | null = null,
  ): Promise<void> {
    for (const { runbook_id, revision } of await this.rows("runbooks")) {
      if (runbookId === null || runbookId === runbook_id) {
        await this.update(
          "runbooks",
          {
            revision: Number(revision) + 1,
            ...(change.enabled !== undefined && { enabled: Number(change.enabled) }),
            ...(change.concurrencyLimit !== undefined && { concurrency_limit: change.concurrencyLimit }),
            ...(change.concurrencyPolicy !== undefined && { concurrency_policy: change.concurrencyPolicy }),
            ...(change.tags !== undefined && { tags: JSON.stringify(change.tags) }),
            ...(change.folderId !== undefined && { folder_id: change.folderId }),
          },
          String(runbook_id),
        );
      }
    }
  }

  async #place(hostKind: HostKind, placement: Placement): Promise<string> {
    const id = placementId(hostKind, placement);
    if (!(await this.rows("placements")).some(({ placement_id }) => placement_id === id)) {
      await this.insert("placements", {
        placement_id: id,
        host_kind: hostKind,
        run_on: JSON.stringify(placement.runOn),
        stand_bys: JSON.stringify(placement.standBys),
        stand_by_after: placement.standByAfter,
        required_tags: JSON.stringify(placement.requiredTags),
      });
    }
    return id;
  }

  accept(
    runbook: { runbookId: string; versionId: string },
    more: Partial<Parameters<JobWrites["acceptJob"]>[0]> = {},
  ): Promise<AcceptedJob> {
    return this.operations.acceptJob({
      jobId: newId(),
      runbookId: runbook.runbookId,
      versionId: runbook.versionId,
      versionNumber: 1,
      draft: false,
      parameters: {},
      secretNames: [],
      startedBy: "tester",
      idempotency: null,
      ...more,
    });
  }

  /** Accepts a job that must be accepted. */
  async start(runbook: { runbookId: string; versionId: string }): Promise<string> {
    const accepted = await this.accept(runbook);
    if (accepted.outcome !== "accepted") {
      throw new Error(`The job was not accepted: ${accepted.outcome}`);
    }
    return accepted.job.jobId;
  }

  /** Accepts so many jobs, one after the other. */
  async startMany(runbook: { runbookId: string; versionId: string }, count: number): Promise<string[]> {
    const jobs: string[] = [];
    for (let i = 0; i < count; i += 1) {
      jobs.push(await this.start(runbook));
    }
    return jobs;
  }

  /** A worker that has said hello. */
  async addWorker(
    of: { name?: string; group?: string; slots?: number; hostKinds?: HostKind[]; lease?: number } = {},
  ): Promise<TestWorker> {
    const name = of.name ?? `worker-${newId()}`;
    const stored = await this.operations.createWorker({
      name,
      group: of.group ?? "default",
      tokenHash: createHash("sha256").update(name).digest(),
      tokenPurpose: "worker",
    });
    const worker = {
      workerId: stored.workerId,
      instanceId: newId(),
      slots: of.slots ?? 10,
      hostKinds: of.hostKinds ?? (["node"] satisfies HostKind[]),
      lease: of.lease ?? 6_000,
    };
    await this.hello(worker);
    return worker;
  }

  async hello(worker: TestWorker, running: { jobId: string; attempt: number }[] = []) {
    const hello = await this.operations.helloWorker({
      workerId: worker.workerId,
      instanceId: worker.instanceId,
      version: "0",
      protocol: 2,
      hostName: "test",
      sandbox: "bubblewrap",
      slots: worker.slots,
      hostKinds: worker.hostKinds.map((kind) => ({ kind, version: "1" })),
      running,
      leases: { usual: worker.lease, byGroup: {} },
      ...(worker.linkId !== undefined && { linkId: worker.linkId }),
    });
    if (hello === null) {
      throw new Error("The worker is not known.");
    }
    return hello;
  }

  async claim(
    worker: { workerId: string; instanceId: string; hostKinds: HostKind[] },
    slots = 1,
    workerGroup = "default",
  ): Promise<ClaimedJob[]> {
    const { claimed } = await this.operations.claimJobs({
      queues: await this.queues(workerGroup),
      offers: [await this.offer(worker, slots, workerGroup)],
      limit: slots,
    });
    return claimed;
  }

  /** The queues of the placements that name a group first. */
  async queues(workerGroup = "default"): Promise<QueueKey[]> {
    const { placements } = await this.operations.dispatchState({ knownPlacements: -1 });
    return (placements ?? [])
      .filter(({ runOn }) => runOn[0] === `group:${workerGroup}`)
      .map(({ placementId: id, hostKind }) => ({ placementId: id, hostKind }));
  }

  /** A worker's offer of slots for these queues. */
  async offer(
    { workerId, instanceId, hostKinds }: { workerId: string; instanceId: string; hostKinds: HostKind[] },
    slots: number,
    workerGroup = "default",
  ): Promise<SlotOffer> {
    const queues = (await this.queues(workerGroup)).filter(({ hostKind }) => hostKinds.includes(hostKind));
    return {
      workerId,
      instanceId,
      slots,
      kindSlots: Object.fromEntries(hostKinds.map((kind) => [kind, slots])),
      placementIds: queues.map(({ placementId: id }) => id),
    };
  }

  async append(
    of: { jobId: string; attempt: number; workerId: string },
    numbers: number[],
    more: { stream?: StreamName; ended?: FinalEnd } = {},
  ) {
    const { jobId, attempt, workerId } = of;
    const records = columns(numbers, this.time, more.stream);
    const batch = { jobId, attempt, workerId, records, ended: more.ended ?? null };
    const { batches, effects } = await this.operations.appendRecords({ progress: [], batches: [batch] });
    const [answer] = batches;
    if (answer === undefined) {
      throw new Error("No answer.");
    }
    return { ...answer, effects };
  }

  end(of: { jobId: string; attempt: number; workerId: string }, more: Partial<FinalEnd> = {}) {
    const ended: FinalEnd = { outcome: "Completed", reason: "script", endedAt: this.time, ...more };
    return this.append(of, [], { ended });
  }

  async job(jobId: string): Promise<StoredJob> {
    const job = await this.operations.job({ jobId });
    if (job === null) {
      throw new Error("The job is gone.");
    }
    return job;
  }
}

export function columns(numbers: number[], time: number, stream: StreamName = "Output"): RecordColumns {
  return {
    numbers: Float64Array.from(numbers),
    streams: Uint8Array.from(numbers, () => streamNames.indexOf(stream)),
    times: Float64Array.from(numbers, () => time),
    texts: numbers.map((number) => `line ${number}`),
    flags: new Uint8Array(numbers.length),
  };
}
