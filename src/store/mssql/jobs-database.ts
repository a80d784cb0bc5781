import { bytesToId } from "../id-bytes.ts";
import { operationCaller } from "../operation-caller.ts";
import type { Asynchronous } from "../store.ts";
import type { JobsOperations, PlainRow } from "../testing/jobs-database.ts";
import { JobsDatabase } from "../testing/jobs-database.ts";
import { sqlServerOfTests } from "../testing/temporary-store.ts";
import { connect } from "./connect.ts";
import { readDatabaseUrl } from "./database-url.ts";
import { openMssqlStore } from "./open-mssql-store.ts";
import { readOperations, writeOperations, writeRules } from "./operations.ts";
import { poolSession } from "./pool-session.ts";
import { Repeating } from "./repeating.ts";
import { OperationRunner } from "./run-operation.ts";
import type { MssqlSession } from "./session.ts";
import type { SqlValue, SqlValues } from "./sql-values.ts";
import { id, time } from "./sql-values.ts";

/* For tests only: the operations of jobs, streams and workers over a test's database on SQL Server. */

const sessions = new Map<string, Promise<MssqlSession>>();

/** An empty database whose clock is the test's. Its connections go on to the next test that gets the same database. */
export async function openMssqlJobsDatabase(databaseUrl: string): Promise<MssqlJobsDatabase> {
  let session = sessions.get(databaseUrl);
  if (session === undefined) {
    session = openSession(databaseUrl);
    sessions.set(databaseUrl, session);
  }
  return new MssqlJobsDatabase(await session);
}

async function openSession(databaseUrl: string): Promise<MssqlSession> {
  // Brings the schema up to date.
  await (await openMssqlStore({ databaseUrl })).close();
  const pool = await connect(readDatabaseUrl(databaseUrl));
  (await sqlServerOfTests()).beforeTestDatabasesAreDropped(() => pool.close());
  return poolSession(pool, { commits: 0, commitTime: 0 });
}

export class MssqlJobsDatabase extends JobsDatabase {
  readonly isRemote = true;
  readonly operations: Asynchronous<JobsOperations>;
  readonly #session: MssqlSession;
  readonly #repeating = new Repeating(() => {});

  constructor(session: MssqlSession) {
    super();
    this.#session = session;
    const runner = new OperationRunner(withClock(session, this), this.#repeating, {
      reads: readOperations,
      writes: writeOperations,
      rules: writeRules,
    });
    this.operations = operationCaller<JobsOperations>((name, argument) =>
      name in writeRules ? runner.write(name, argument) : runner.read(name, argument),
    );
  }

  async rows(table: string): Promise<PlainRow[]> {
    const rows = await this.#session.all<Record<string, unknown>>(`SELECT * FROM runsmith.${table}`);
    return rows.map(
      ({ row_version: _, ...row }) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toPlain(value)])) as PlainRow,
    );
  }

  protected async insert(table: string, row: PlainRow): Promise<void> {
    const names = Object.keys(row).filter((name) => row[name] !== null);
    const text = `INSERT INTO runsmith.${table} (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`;
    const values = Object.fromEntries(names.map((name) => [name, toMssql(name, row[name] ?? null)]));
    await this.#repeating.until(() => this.#session.run(text, values));
  }

  protected async update(table: string, changes: PlainRow, runbookId: string | null): Promise<void> {
    const sets = Object.entries(changes).map(([name, value]) => `${name} = ${value === null ? "NULL" : `@${name}`}`);
    const given = Object.entries(changes).filter(([, value]) => value !== null);
    await this.#session.run(
      `UPDATE runsmith.${table} SET ${sets.join(", ")} ${runbookId === null ? "" : "WHERE runbook_id = @of"}`,
      {
        ...Object.fromEntries(given.map(([name, value]) => [name, toMssql(name, value)])),
        ...(runbookId === null ? {} : { of: id(runbookId) }),
      },
    );
  }
}

function toMssql(name: string, value: PlainRow[string]): SqlValue {
  if (value === null) throw new Error("A null has no type.");
  if (name.endsWith("_id")) return id(String(value));
  return name.endsWith("_at") ? time(Number(value)) : value;
}

function toPlain(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return value.length === 16 ? bytesToId(value) : "bytes";
  }
  return typeof value === "boolean" ? Number(value) : value;
}

/** The session with another clock: procedures, and texts with a `@now`, are given the test's time. */
function withClock(session: MssqlSession, clock: { time: number }): MssqlSession {
  const given = (values: SqlValues = {}): SqlValues =>
    "now" in values ? { ...values, now: now(values["now"]) } : values;
  // A text that has got its time from the database already keeps it.
  const now = (value: SqlValue | undefined): SqlValue =>
    typeof value === "object" && "value" in value && value.value !== null ? value : time(clock.time);
  const timeless = new Set([
    "runsmith.PurgeJobs",
    "runsmith.ReleaseParkedJobs",
    "runsmith.ParkHeldJobs",
    "runsmith.ReadClaim",
  ]);
  return {
    first: (text, values) => session.first(text, given(values)),
    all: (text, values) => session.all(text, given(values)),
    run: (text, values) => session.run(text, given(values)),
    query: (text, values) => session.query(text, given(values)),
    execute: (procedure, values) =>
      session.execute(procedure, timeless.has(procedure) ? values : { ...values, now: time(clock.time) }),
    transaction: (work) => session.transaction((inside) => work(withClock(inside, clock))),
  };
}
