import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { BulkJobs, Table } from "./bulk-copies.ts";
import { copiesOf } from "./bulk-copies.ts";

/**
 * Adds copies to the embedded database in a data folder. Gives the milliseconds that it took.
 * Copies of waiting jobs stand in the queue where their runbook's further jobs would; its own numbers are adjusted.
 */
export function addJobsToSqlite(dataDirectory: string, sets: readonly BulkJobs[]): number {
  const startedAt = performance.now();
  const database = new DatabaseSync(join(dataDirectory, "runsmith.sqlite"), { enableForeignKeyConstraints: false });
  try {
    database.exec(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA temp_store = MEMORY",
    );
    database.exec("BEGIN");
    const tables = tablesOfJobs(database);
    // Filled and then indexed is faster than both at once.
    const indexes = indexesOf(database, tables);
    for (const { name } of indexes) database.exec(`DROP INDEX ${name}`);
    for (const [index, set] of sets.entries()) addSet(database, tables, set, index);
    for (const { sql } of indexes) database.exec(sql);
    database.exec("COMMIT; PRAGMA analysis_limit = 400; PRAGMA optimize");
  } finally {
    database.close();
  }
  return performance.now() - startedAt;
}

function addSet(database: DatabaseSync, tables: Table[], set: BulkJobs, index: number): void {
  const templates = database
    .prepare(`SELECT job_id, accepted_at FROM jobs WHERE ${set.templates} ORDER BY job_id`)
    .all() as unknown as { job_id: Uint8Array; accepted_at: number }[];
  database.exec(
    "CREATE TEMP TABLE copies (n INTEGER PRIMARY KEY, job_id BLOB, template BLOB, shift INTEGER, round INTEGER)",
  );
  const insert = database.prepare("INSERT INTO copies VALUES (?, ?, ?, ?, ?)");
  const originals = templates.map(({ job_id, accepted_at }) => ({ jobId: job_id, acceptedAt: accepted_at }));
  for (const { n, jobId, template, shift, round } of copiesOf(set, originals, index)) {
    insert.run(n, jobId, template, shift, round);
  }
  for (const { name, columns } of tables) {
    const values = columns.map((column) => copiedValue(name, column));
    database.exec(
      `INSERT INTO ${name} (${columns.join(", ")})
       SELECT ${values.join(", ")} FROM copies c CROSS JOIN ${name} t ON t.job_id = c.template ORDER BY c.n`,
    );
  }
  adjustRunbooks(database);
  database.exec("DROP TABLE copies");
}

function copiedValue(table: string, column: string): string {
  if (column === "job_id") return "c.job_id";
  // The next jobs of a runbook have the next tags.
  if (table === "job_queue" && column === "tag") return "t.tag + c.round";
  return column.endsWith("_at") || column === "time" ? `t.${column} + c.shift` : `t.${column}`;
}

/** What runbooks know of their jobs: how many hold a place, and the last tag of each queue. */
function adjustRunbooks(database: DatabaseSync): void {
  database.exec(
    `UPDATE runbooks SET active_jobs = active_jobs + more.jobs
     FROM (SELECT q.runbook_id, COUNT(*) AS jobs FROM copies c JOIN jobs q ON q.job_id = c.job_id
           WHERE q.ended_at IS NULL AND q.parked = 0 GROUP BY q.runbook_id) AS more
     WHERE more.runbook_id = runbooks.runbook_id;
     UPDATE runbook_tags SET tag = last.tag
     FROM (SELECT j.runbook_id, q.placement_id, q.rank, MAX(q.tag) AS tag
           FROM copies c JOIN job_queue q ON q.job_id = c.job_id JOIN jobs j ON j.job_id = c.job_id
           GROUP BY j.runbook_id, q.placement_id, q.rank) AS last
     WHERE last.runbook_id = runbook_tags.runbook_id AND last.placement_id = runbook_tags.placement_id
       AND last.rank = runbook_tags.rank AND last.tag > runbook_tags.tag`,
  );
}

/** `jobs`, and every table that has rows of jobs. */
function tablesOfJobs(database: DatabaseSync): Table[] {
  const rows = database
    .prepare(
      `SELECT t.name AS name, (SELECT json_group_array(c.name) FROM pragma_table_info(t.name) c) AS columns
       FROM sqlite_schema t WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`,
    )
    .all() as { name: string; columns: string }[];
  return rows
    .map(({ name, columns }) => ({ name, columns: JSON.parse(columns) as string[] }))
    .filter(({ columns }) => columns.includes("job_id"));
}

function indexesOf(database: DatabaseSync, tables: Table[]): { name: string; sql: string }[] {
  const names = JSON.stringify(tables.map(({ name }) => name));
  return database
    .prepare(
      `SELECT name, sql FROM sqlite_schema
       WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN (SELECT value FROM json_each(?))`,
    )
    .all(names) as { name: string; sql: string }[];
}
