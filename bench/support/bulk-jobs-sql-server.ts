import sql from "mssql";
import { readDatabaseUrl } from "../../src/store/mssql/database-url.ts";
import type { BulkJobs, Table } from "./bulk-copies.ts";
import { copiesOf } from "./bulk-copies.ts";

/** Copies of one statement: a larger one would fill the transaction log, and nobody could see how far it is. */
const copiesAtOnce = 50_000;

/** See `addJobs`. The database must have nobody else who writes to it. */
export async function addJobsToSqlServer(databaseUrl: string, sets: readonly BulkJobs[]): Promise<number> {
  const startedAt = performance.now();
  const { config } = readDatabaseUrl(databaseUrl);
  const pool = await new sql.ConnectionPool({ ...config, requestTimeout: 600_000, pool: { max: 1 } }).connect();
  try {
    const tables = await tablesOfJobs(pool);
    for (const [index, set] of sets.entries()) await addSet(pool, tables, set, index);
  } finally {
    await pool.close();
  }
  return performance.now() - startedAt;
}

async function addSet(pool: sql.ConnectionPool, tables: Table[], set: BulkJobs, index: number): Promise<void> {
  const { recordset: templates } = await pool
    .request()
    .query<{ job_id: Uint8Array; accepted_at: Date }>(
      `SELECT job_id, accepted_at FROM runsmith.jobs WHERE ${set.templates} ORDER BY job_id`,
    );
  const copies = copiesOf(
    set,
    templates.map(({ job_id, accepted_at }) => ({ jobId: job_id, acceptedAt: accepted_at.getTime() })),
    index,
  );
  await pool.request().batch(
    `CREATE TABLE runsmith.bench_copies (
       n int NOT NULL PRIMARY KEY, job_id binary(16) NOT NULL, template binary(16) NOT NULL, shift bigint NOT NULL, round int NOT NULL)`,
  );
  for (;;) {
    const rows = new sql.Table("runsmith.bench_copies");
    rows.columns.add("n", sql.Int, { nullable: false });
    rows.columns.add("job_id", sql.VarBinary(16), { nullable: false });
    rows.columns.add("template", sql.VarBinary(16), { nullable: false });
    rows.columns.add("shift", sql.BigInt, { nullable: false });
    rows.columns.add("round", sql.Int, { nullable: false });
    for (let count = 0; count < copiesAtOnce; count += 1) {
      const { value, done } = copies.next();
      if (done === true) break;
      rows.rows.add(value.n, Buffer.from(value.jobId), Buffer.from(value.template), value.shift, value.round);
    }
    if (rows.rows.length === 0) break;
    await pool.request().bulk(rows);
    for (const { name, columns } of tables) {
      await pool.request().batch(
        `INSERT INTO runsmith.${name} (${columns.join(", ")})
         SELECT ${columns.map((column) => copiedValue(name, column)).join(", ")}
         FROM runsmith.bench_copies c JOIN runsmith.${name} t ON t.job_id = c.template ORDER BY c.n`,
      );
    }
    await adjustRunbooks(pool);
    await pool.request().batch("DELETE FROM runsmith.bench_copies");
  }
  await pool.request().batch("DROP TABLE runsmith.bench_copies");
}

function copiedValue(table: string, column: string): string {
  if (column === "job_id") return "c.job_id";
  if (table === "job_queue" && column === "tag") return "t.tag + c.round";
  return column.endsWith("_at") || column === "time"
    ? `DATEADD(MILLISECOND, CAST(c.shift % 1000 AS int), DATEADD(SECOND, CAST(c.shift / 1000 AS int), t.${column}))`
    : `t.${column}`;
}

async function adjustRunbooks(pool: sql.ConnectionPool): Promise<void> {
  await pool.request().batch(
    `UPDATE r SET active_jobs = r.active_jobs + more.jobs
     FROM runsmith.runbooks r JOIN (
       SELECT j.runbook_id, COUNT(*) AS jobs FROM runsmith.bench_copies c JOIN runsmith.jobs j ON j.job_id = c.job_id
       WHERE j.ended_at IS NULL AND j.parked = 0 GROUP BY j.runbook_id) more ON more.runbook_id = r.runbook_id;
     UPDATE g SET tag = last.tag
     FROM runsmith.runbook_tags g JOIN (
       SELECT j.runbook_id, q.placement_id, q.rank, MAX(q.tag) AS tag
       FROM runsmith.bench_copies c JOIN runsmith.job_queue q ON q.job_id = c.job_id JOIN runsmith.jobs j ON j.job_id = c.job_id
       GROUP BY j.runbook_id, q.placement_id, q.rank) last
       ON last.runbook_id = g.runbook_id AND last.placement_id = g.placement_id AND last.rank = g.rank
     WHERE last.tag > g.tag`,
  );
}

async function tablesOfJobs(pool: sql.ConnectionPool): Promise<Table[]> {
  const { recordset } = await pool.request().query<{ table_name: string; column_name: string }>(
    `SELECT t.name AS table_name, c.name AS column_name
     FROM sys.tables t JOIN sys.columns c ON c.object_id = t.object_id
     WHERE t.schema_id = SCHEMA_ID(N'runsmith') AND c.name <> N'row_version' AND c.is_computed = 0 ORDER BY c.column_id`,
  );
  const tables = [...Map.groupBy(recordset, ({ table_name }) => table_name)]
    .map(([name, columns]) => ({ name, columns: columns.map(({ column_name }) => column_name) }))
    .filter(({ columns }) => columns.includes("job_id"));
  // What others refer to first.
  return tables.sort((a, b) => Number(b.name === "jobs") - Number(a.name === "jobs"));
}
