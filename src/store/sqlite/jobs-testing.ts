import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { v7 as newId } from "uuid";
import { defaultPlacement } from "../../contract/api/placement.ts";
import type { RunbookSettings } from "../../contract/api/runbook.ts";
import type { AttemptEnd } from "../../contract/link/records-frames.ts";
import type { HostKind, RunbookKind } from "../../contract/runbook-kind.ts";
import { hostKindOf } from "../../contract/runbook-kind.ts";
import type { StreamName } from "../../contract/stream.ts";
import { streamNames } from "../../contract/stream.ts";
import { idToBytes } from "../id-bytes.ts";
import type { DispatchReads, DispatchWrites } from "../operations/dispatch.ts";
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
import { dispatchReads, dispatchWrites } from "./dispatch.ts";
import { jobReads, jobWrites } from "./jobs.ts";
import { readPlacements, storePlacement } from "./placements.ts";
import type { SqlValue } from "./session.ts";
import { defaultWorkspace, SqliteConnectionSession } from "./session.ts";
import { streamReads, streamWrites } from "./streams.ts";
import { workerGroupReads, workerGroupWrites } from "./worker-groups.ts";
import { workerReads, workerWrites } from "./workers.ts";

/* For tests only: the operations of jobs, streams and workers over a database in memory, with a clock of its own. */

type Operations = JobReads &
  JobWrites &
  DispatchReads &
  DispatchWrites &
  StreamReads &
  StreamWrites &
  WorkerGroupReads &
  WorkerGroupWrites &
  WorkerReads &
  WorkerWrites;

/** A session whose clock is set by the test, and which remembers the statements that were run. */
class TestSession extends SqliteConnectionSession {
  time = 1_700_000_000_000;
  readonly statements = new Set<string>();

  override now(): number {
    return this.time;
  }

  override first<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    this.statements.add(sql);
    return super.first(sql, ...values);
  }

  override all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    this.statements.add(sql);
    return super.all(sql, ...values);
  }

  override run(sql: string, ...values: SqlValue[]): number {
    this.statements.add(sql);
    return super.run(sql, ...values);
  }
}

export class JobsDatabase {
  readonly database = new DatabaseSync(":memory:");
  readonly session: TestSession;
  readonly operations: Operations;

  constructor() {
    this.database.exec(readFileSync(new URL("../../../sql/sqlite/0001-initial.sql", import.meta.url), "utf8"));
    this.database.exec(`
      CREATE TABLE seen_changes (before TEXT NOT NULL, after TEXT NOT NULL, PRIMARY KEY (before, after));
      CREATE TRIGGER see_changes AFTER UPDATE OF status ON jobs WHEN old.status <> new.status BEGIN
        INSERT OR IGNORE INTO seen_changes VALUES (old.status, new.status);
      END;`);
    this.session = new TestSession(this.database);
    this.operations = {
      ...jobReads(this.session),
      ...jobWrites(this.session),
      ...dispatchReads(this.session),
      ...dispatchWrites(this.session),
      ...workerGroupReads(this.session),
      ...workerGroupWrites(this.session),
      ...streamReads(this.session),
      ...streamWrites(this.session),
      ...workerReads(this.session),
      ...workerWrites(this.session),
    };
  }

  /** A published runbook; gives the ids of it and of its version. */
  addRunbook(settings: Partial<RunbookSettings> & { kind?: RunbookKind; name?: string } = {}) {
    const runbookId = this.session.newId();
    const versionId = this.session.newId();
    this.session.run(
      `INSERT INTO runbooks (workspace_id, runbook_id, name, kind, placement_id, priority, isolation, share_callers, time_limit, start_deadline, concurrency_limit,
         concurrency_policy, attempts, retries, stop_grace, output_limit, published_version_id, created_at, modified_at,
         modified_by)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1000000, ?, 0, 0, 'test')`,
      defaultWorkspace,
      idToBytes(runbookId),
      settings.name ?? `runbook-${runbookId}`,
      settings.kind ?? "TypeScript",
      storePlacement(this.session, hostKindOf[settings.kind ?? "TypeScript"], {
        runOn: settings.runOn ?? defaultPlacement.runOn,
        standBys: settings.standBys ?? [],
        standByAfter: settings.standByAfter ?? defaultPlacement.standByAfter,
        requiredTags: settings.requiredTags ?? [],
      }),
      settings.priority ?? 0,
      settings.isolation ?? "job",
      Number(settings.shareCallers ?? false),
      settings.timeLimit ?? null,
      settings.startDeadline ?? null,
      settings.concurrencyLimit ?? null,
      settings.concurrencyPolicy ?? "wait",
      settings.attempts ?? 1,
      settings.retries ?? 0,
      settings.stopGrace ?? 10_000,
      idToBytes(versionId),
    );
    return { runbookId, versionId, kind: settings.kind ?? ("TypeScript" as RunbookKind) };
  }

  accept(
    runbook: { runbookId: string; versionId: string },
    more: Partial<Parameters<Operations["acceptJob"]>[0]> = {},
  ): AcceptedJob {
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
  start(runbook: { runbookId: string; versionId: string }): string {
    const accepted = this.accept(runbook);
    if (accepted.outcome !== "accepted") {
      throw new Error(`The job was not accepted: ${accepted.outcome}`);
    }
    return accepted.job.jobId;
  }

  /** A worker that has said hello. */
  addWorker(of: { name?: string; group?: string; slots?: number; hostKinds?: HostKind[]; lease?: number } = {}) {
    const name = of.name ?? `worker-${newId()}`;
    const stored = this.operations.createWorker({
      name,
      group: of.group ?? "default",
      tokenHash: Buffer.from(name),
      tokenPurpose: "worker",
    });
    const worker = {
      workerId: stored.workerId,
      instanceId: newId(),
      slots: of.slots ?? 10,
      hostKinds: of.hostKinds ?? (["node"] satisfies HostKind[]),
      lease: of.lease ?? 6_000,
    };
    this.hello(worker);
    return worker;
  }

  hello(
    worker: { workerId: string; instanceId: string; slots: number; hostKinds: HostKind[]; lease: number },
    running: { jobId: string; attempt: number }[] = [],
  ) {
    const hello = this.operations.helloWorker({
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
    });
    if (hello === null) {
      throw new Error("The worker is not known.");
    }
    return hello;
  }

  claim(
    worker: { workerId: string; instanceId: string; hostKinds: HostKind[] },
    slots = 1,
    workerGroup = "default",
  ): ClaimedJob[] {
    return this.operations.claimJobs({
      queues: this.queues(workerGroup),
      offers: [this.offer(worker, slots, workerGroup)],
      limit: slots,
    }).claimed;
  }

  /** The queues of the placements that name a group first. */
  queues(workerGroup = "default"): QueueKey[] {
    return readPlacements(this.session)
      .filter(({ runOn }) => runOn[0] === `group:${workerGroup}`)
      .map(({ placementId, hostKind }) => ({ placementId, hostKind }));
  }

  /** A worker's offer of slots for these queues. */
  offer(
    { workerId, instanceId, hostKinds }: { workerId: string; instanceId: string; hostKinds: HostKind[] },
    slots: number,
    workerGroup = "default",
  ): SlotOffer {
    const queues = this.queues(workerGroup).filter(({ hostKind }) => hostKinds.includes(hostKind));
    return {
      workerId,
      instanceId,
      slots,
      kindSlots: Object.fromEntries(hostKinds.map((kind) => [kind, slots])),
      placementIds: queues.map(({ placementId }) => placementId),
    };
  }

  append(
    of: { jobId: string; attempt: number; workerId: string },
    numbers: number[],
    more: { stream?: StreamName; ended?: AttemptEnd } = {},
  ) {
    const { jobId, attempt, workerId } = of;
    const records = columns(numbers, this.session.time, more.stream);
    const batch = { jobId, attempt, workerId, records, ended: more.ended ?? null };
    const { batches, effects } = this.operations.appendRecords({ progress: [], batches: [batch] });
    const [answer] = batches;
    if (answer === undefined) {
      throw new Error("No answer.");
    }
    return { ...answer, effects };
  }

  end(of: { jobId: string; attempt: number; workerId: string }, more: Partial<AttemptEnd> = {}) {
    const ended: AttemptEnd = { outcome: "Completed", reason: "script", endedAt: this.session.time, ...more };
    return this.append(of, [], { ended });
  }

  job(jobId: string): StoredJob {
    const job = this.operations.job({ jobId });
    if (job === null) {
      throw new Error("The job is gone.");
    }
    return job;
  }

  count(sql: string, ...values: SqlValue[]): number {
    return this.session.first<{ n: number }>(sql, ...values)?.n ?? 0;
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
