import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What the service changes by itself, a request or not. */
const changedByItself: readonly RegExp[] = [
  /^(audit_|sealing_|master_keys$|workers$|sqlite_|idempotency_keys$|notice|scheduled_times$|job|queue_positions$|runbook_tags$|attempt|duty_leases$)/,
  /\.sealed$/,
  /^tokens\.last_used_at$/,
  /^sessions\.(idle_at|last_used_at)$/,
  /^session_secrets$/,
  /^runbooks\.active_jobs$/,
  /^schedule_links\.decided_until_at$/,
  /^schedules\./,
  /^workspaces\./,
  /^placements$/,
];

/** Everything that is stored and that only requests change, seen from beside the service. */
export class StoredState {
  readonly #database: DatabaseSync;
  readonly #tables: { name: string; sql: string }[];
  #version = -1;
  #digests = new Map<string, string>();

  constructor(dataDirectory: string) {
    this.#database = new DatabaseSync(join(dataDirectory, "runsmith.sqlite"), { readOnly: true });
    const own = (name: string) => !changedByItself.some((pattern) => pattern.test(name));
    const tables = this.#database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as {
      name: string;
    }[];
    this.#tables = tables
      .filter(({ name }) => own(name))
      .map(({ name }) => {
        const columns = this.#database.prepare(`SELECT name FROM pragma_table_info('${name}')`).all() as {
          name: string;
        }[];
        const kept = columns.filter((column) => own(`${name}.${column.name}`)).map((column) => column.name);
        return { name, sql: `SELECT ${kept.join(", ")} FROM ${name}` };
      })
      .filter(({ sql }) => !sql.startsWith("SELECT  FROM"));
    this.changed();
  }

  /** The tables that are different since this was asked last. */
  changed(): string[] {
    const { data_version: version } = this.#database.prepare("PRAGMA data_version").get() as { data_version: number };
    if (version === this.#version) {
      return [];
    }
    this.#version = version;
    const changed: string[] = [];
    for (const { name, sql } of this.#tables) {
      const digest = createHash("sha256");
      for (const row of this.#database.prepare(sql).all()) {
        digest.update(
          JSON.stringify(row, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value)),
        );
      }
      const text = digest.digest("hex");
      if (this.#digests.get(name) !== text) changed.push(name);
      this.#digests.set(name, text);
    }
    return changed;
  }

  /** What SQLite finds wrong with the file. */
  damage(): string[] {
    const found = this.#database.prepare("PRAGMA integrity_check").all() as { integrity_check: string }[];
    return found.map(({ integrity_check: problem }) => problem).filter((problem) => problem !== "ok");
  }

  close(): void {
    this.#database.close();
  }
}
