import { DatabaseSync } from "node:sqlite";
import type { CopyFindings } from "./check-copy.ts";

/* Checks the copy of a database, its only argument, and prints what it finds. */

const database = new DatabaseSync(process.argv[2] ?? "", { readOnly: true });
process.stdout.write(JSON.stringify(findings()));
database.close();

function findings(): CopyFindings {
  try {
    const rows = database.prepare("PRAGMA integrity_check(10)").all() as { integrity_check: string }[];
    const problems = rows.map((row) => row.integrity_check).filter((found) => found !== "ok");
    const last = database.prepare("SELECT MAX(number) AS number FROM migrations").get() as { number: number | null };
    return { schema: last.number ?? 0, problems };
  } catch (error) {
    return { schema: 0, problems: [(error as Error).message] };
  }
}
