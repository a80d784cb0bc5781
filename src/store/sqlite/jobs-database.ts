import { DatabaseSync } from "node:sqlite";
import type { JobStatus } from "../../contract/job-status.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import { ownMigrationsDirectory, readMigrations } from "../migrations.ts";
import type { ScheduleReads, ScheduleWrites } from "../operations/schedules.ts";
import type { Asynchronous } from "../store.ts";
import type { JobsOperations, PlainRow } from "../testing/jobs-database.ts";
import { JobsDatabase } from "../testing/jobs-database.ts";
import { childJobReads, childJobWrites } from "./child-jobs.ts";
import { dispatchReads, dispatchWrites } from "./dispatch.ts";
import { jobSecretReads, jobSecretWrites } from "./job-secrets.ts";
import { jobStepReads, jobStepWrites } from "./job-steps.ts";
import { jobReads, jobWrites } from "./jobs.ts";
import { scheduleReads } from "./schedules-read.ts";
import { scheduleWrites } from "./schedules-write.ts";
import type { SqlValue } from "./session.ts";
import { SqliteConnectionSession } from "./session.ts";
import { streamReads, streamWrites } from "./streams.ts";
import { workerGroupReads, workerGroupWrites } from "./worker-groups.ts";
import { workerReads, workerWrites } from "./workers.ts";

/* For tests only: the operations of jobs, streams and workers over a database in memory. */

/** A session whose clock is the test's, and which remembers the statements that were run. */
class TestSession extends SqliteConnectionSession {
  readonly statements = new Set<string>();
  readonly #clock: { time: number };

  constructor(database: DatabaseSync, clock: { time: number }) {
    super(database);
    this.#clock = clock;
  }

  override now(): number {
    return this.#clock.time;
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

export class SqliteJobsDatabase extends JobsDatabase {
  readonly isRemote = false;
  readonly database = new DatabaseSync(":memory:");
  readonly session: TestSession;
  readonly operations: Asynchronous<JobsOperations>;
  readonly schedules: Asynchronous<ScheduleReads & ScheduleWrites>;

  constructor() {
    super();
    for (const { sql } of readMigrations(ownMigrationsDirectory("sqlite"))) {
      this.database.exec(sql);
    }
    this.database.exec(`
      CREATE TABLE seen_changes (before TEXT NOT NULL, after TEXT NOT NULL, PRIMARY KEY (before, after));
      CREATE TRIGGER see_changes AFTER UPDATE OF status ON jobs WHEN old.status <> new.status BEGIN
        INSERT OR IGNORE INTO seen_changes VALUES (old.status, new.status);
      END;`);
    this.session = new TestSession(this.database, this);
    this.schedules = asynchronous({ ...scheduleReads(this.session), ...scheduleWrites(this.session) });
    this.operations = asynchronous({
      ...jobReads(this.session),
      ...jobWrites(this.session),
      ...jobSecretReads(this.session),
      ...jobSecretWrites(this.session),
      ...childJobReads(this.session),
      ...childJobWrites(this.session),
      ...jobStepReads(this.session),
      ...jobStepWrites(this.session),
      ...dispatchReads(this.session),
      ...dispatchWrites(this.session),
      ...workerGroupReads(this.session),
      ...workerGroupWrites(this.session),
      ...streamReads(this.session),
      ...streamWrites(this.session),
      ...workerReads(this.session),
      ...workerWrites(this.session),
    });
  }

  /** Every change of a job's status so far. */
  seenChanges(): { before: JobStatus; after: JobStatus }[] {
    return this.database.prepare("SELECT before, after FROM seen_changes").all() as {
      before: JobStatus;
      after: JobStatus;
    }[];
  }

  async rows(table: string): Promise<PlainRow[]> {
    const rows = this.database.prepare(`SELECT * FROM ${table}`).all() as Record<string, SqlValue>[];
    return rows.map(
      (row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            value instanceof Uint8Array ? (value.length === 16 ? bytesToId(value) : "bytes") : value,
          ]),
        ) as PlainRow,
    );
  }

  protected async insert(table: string, row: PlainRow): Promise<void> {
    const names = Object.keys(row);
    this.database
      .prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
      .run(...Object.entries(row).map(([name, value]) => toSqlite(name, value)));
  }

  protected async update(table: string, changes: PlainRow, runbookId: string | null): Promise<void> {
    const sets = Object.keys(changes).map((name) => `${name} = ?`);
    const where = runbookId === null ? "" : "WHERE runbook_id = ?";
    this.database
      .prepare(`UPDATE ${table} SET ${sets.join(", ")} ${where}`)
      .run(
        ...Object.entries(changes).map(([name, value]) => toSqlite(name, value)),
        ...(runbookId === null ? [] : [idToBytes(runbookId)]),
      );
  }
}

function toSqlite(name: string, value: PlainRow[string]) {
  return name.endsWith("_id") && typeof value === "string" ? idToBytes(value) : value;
}

/** Each operation done at once; what it throws is a rejection. */
function asynchronous<Operations extends object>(operations: Operations): Asynchronous<Operations> {
  return Object.fromEntries(
    Object.entries(operations as Record<string, (argument: unknown) => unknown>).map(([name, operation]) => [
      name,
      async (argument: unknown) => operation(argument),
    ]),
  ) as Asynchronous<Operations>;
}
