import type { AccessReads, AccessWrites } from "./operations/access.ts";
import type { AssetReads, AssetWrites } from "./operations/assets.ts";
import type { AuditKey, AuditReads, AuditWrites } from "./operations/audit.ts";
import type { ChangeReads } from "./operations/changes.ts";
import type { ChildJobReads, ChildJobWrites } from "./operations/child-jobs.ts";
import type { DispatchReads, DispatchWrites } from "./operations/dispatch.ts";
import type { DutyLeaseWrites } from "./operations/duty-leases.ts";
import type { FolderReads, FolderWrites } from "./operations/folders.ts";
import type { GroupMemberReads, GroupMemberWrites } from "./operations/group-members.ts";
import type { IdempotencyKey, IdempotencyReads, IdempotencyWrites } from "./operations/idempotency.ts";
import type { InstallationReads } from "./operations/installation.ts";
import type { JobParameterReads, JobParameterWrites } from "./operations/job-parameters.ts";
import type { JobSecretReads, JobSecretWrites } from "./operations/job-secrets.ts";
import type { JobStepReads, JobStepWrites } from "./operations/job-steps.ts";
import type { JobReads, JobWrites } from "./operations/jobs.ts";
import type { NoticeReads, NoticeWrites } from "./operations/notices.ts";
import type { RightReads, RightWrites } from "./operations/rights.ts";
import type { RunbookReads, RunbookWrites } from "./operations/runbooks.ts";
import type { ScheduleReads, ScheduleWrites } from "./operations/schedules.ts";
import type { SealingReads, SealingWrites } from "./operations/sealing.ts";
import type { SignInProviderReads, SignInProviderWrites } from "./operations/sign-in-providers.ts";
import type { SignInReads, SignInWrites } from "./operations/sign-ins.ts";
import type { StreamReads, StreamWrites } from "./operations/streams.ts";
import type { WorkerGroupReads, WorkerGroupWrites } from "./operations/worker-groups.ts";
import type { WorkerReads, WorkerWrites } from "./operations/workers.ts";

/*
 * The border to the database. Nothing above it knows which database it is.
 *
 * An operation is a function of at most one argument, a plain object that a structured clone carries (no functions, no
 * class instances), and gives back plain data. Ids are UUIDs in their canonical text, times are milliseconds since the
 * epoch by the database's clock, JSON columns are parsed, bytes are Uint8Array.
 *
 * Each operation is one transaction: it happens whole, or it rejects and leaves nothing. A write has been committed, and
 * would survive a power cut, when its promise resolves; a read that starts afterwards sees it. Of operations under way
 * at the same time nobody knows which is carried out first, unless the store `keepsOrder`.
 * A UserError thrown in an operation arrives as a UserError, also `database-unavailable` and `database-busy` (503), which go away by
 * themselves; a DatabaseError says whether the database refused the values that it was given, or has trouble of its own; whatever else it
 * rejects with is a bug.
 */

/** All operations that change nothing. */
export type ReadOperations = InstallationReads &
  RunbookReads &
  SealingReads &
  AssetReads &
  JobSecretReads &
  JobStepReads &
  AccessReads &
  GroupMemberReads &
  SignInReads &
  SignInProviderReads &
  RightReads &
  FolderReads &
  AuditReads &
  IdempotencyReads &
  JobReads &
  ChildJobReads &
  JobParameterReads &
  NoticeReads &
  ScheduleReads &
  StreamReads &
  ChangeReads &
  DispatchReads &
  WorkerGroupReads &
  WorkerReads;

/** All operations that change something. */
export type WriteOperations = RunbookWrites &
  SealingWrites &
  AssetWrites &
  JobSecretWrites &
  JobStepWrites &
  AccessWrites &
  GroupMemberWrites &
  SignInWrites &
  SignInProviderWrites &
  RightWrites &
  FolderWrites &
  AuditWrites &
  IdempotencyWrites &
  JobWrites &
  ChildJobWrites &
  JobParameterWrites &
  NoticeWrites &
  ScheduleWrites &
  StreamWrites &
  DutyLeaseWrites &
  DispatchWrites &
  WorkerGroupWrites &
  WorkerWrites;

/** The same operations as seen from outside of the database's threads. */
export type Asynchronous<Operations> = {
  readonly [Name in keyof Operations]: Operations[Name] extends (...parameters: infer Parameters) => infer Result
    ? (...parameters: Parameters) => Promise<Result>
    : never;
};

/** The database as it stands behind the store. */
export type StoreDatabase = SqliteDatabase | SqlServerDatabase;

interface AnyDatabase {
  /** The engine's version, such as `3.53.4`. */
  version: string;
  /** Number of the last migration applied. */
  schema: number;
  /** `FULL`: a commit is answered when it would survive a power cut. Asked of the database, not assumed. */
  durability: "FULL" | "OTHER";
}

export interface SqliteDatabase extends AnyDatabase {
  kind: "sqlite";
  /** The database file. */
  file: string;
}

export interface SqlServerDatabase extends AnyDatabase {
  kind: "sql-server";
  /** `host:port/database`. */
  server: string;
}

/** Counters since the store was opened. */
export interface StoreStatistics {
  reads: number;
  writes: number;
  /** Reads and writes asked for and not answered yet. */
  pendingReads: number;
  pendingWrites: number;
  /** Transactions committed by the writer. */
  commits: number;
  /** Milliseconds spent in commits, waiting for the disk included. */
  commitTime: number;
  /** Operations in the largest group committed so far. */
  largestGroup: number;
  /** Bytes in the log that are not in the database file yet; 0 where the database looks after its log itself. */
  logBytes: number;
  /** How often an operation was done again, after a deadlock or a lost connection. */
  repeated: number;
}

/** An open database. */
export interface Store {
  readonly read: Asynchronous<ReadOperations>;
  readonly write: Asynchronous<WriteOperations>;
  /**
   * The same writes, each done at most once under this key: the result is kept in the operation's own transaction, and a
   * repetition gets it back without anything being done again. Results must survive JSON. Failures are not kept.
   * Rejects with UserError `idempotency-key-reused` (422) when the key came with another request before.
   */
  once(key: IdempotencyKey): Asynchronous<WriteOperations>;
  readonly installationId: string;
  readonly database: StoreDatabase;
  /** Other services may use the database at the same time; what they do is told by `changesSince`. */
  readonly isShared: boolean;
  /**
   * Writes are carried out in the order in which they were asked for, and those of one turn of the event loop are committed together
   * where that is possible. Without it they run side by side, and a write that depends on another has to wait for it.
   */
  readonly keepsOrder: boolean;
  /** Folder whose disk holds the data; null where another machine looks after that. */
  readonly storageFolder: string | null;
  /** Milliseconds of a worker's lease where nobody chose otherwise: longer than the database is away in its usual accidents. */
  readonly usualLease: number;
  /**
   * Entries of the audit are stamped with this key from now on. Each write that is audited, in whose name the caller acts (`actAs`), writes
   * its entry in its own transaction; see `src/store/audit`.
   */
  stampAudit(key: AuditKey): void;
  /** Resolves, with the reason, when the store cannot go on; every operation rejects from then on. Never rejects. */
  readonly failure: Promise<Error>;
  statistics(): StoreStatistics;
  /** Waits for what has been asked for, then closes the database. Repeating it is harmless. */
  close(): Promise<void>;
}
