import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/print.ts";
import { printList } from "../output/print.ts";
import { StepProgress } from "../output/step-progress.ts";
import type { ServiceTask } from "./service-task.ts";

/** A table that is the same on both sides, as the store tells it. */
interface MovedTable {
  table: string;
  rows: number;
  checksum: string;
}

/** What the store does. */
interface Move<Location> {
  readDatabaseLocation(file: string): Promise<Location>;
  moveInstallation(options: {
    from: Location;
    to: Location;
    progress: (step: "copy" | "check", table: string, share: number) => void;
    signal: AbortSignal;
  }): Promise<{ installationId: string; tables: MovedTable[] }>;
}

const tableView: View<MovedTable> = {
  columns: [
    { title: "Table", value: ({ table }) => table },
    { title: "Rows", value: ({ rows }) => String(rows) },
    { title: "Checksum, equal on both sides", value: ({ checksum }) => `${checksum.slice(0, 16)}…` },
  ],
  name: ({ table }) => table,
};

const stepNames = { copy: "Copying", check: "Comparing" } as const;

/** Moves an installation from one database into another, shows how far it is, and says the exit code; after Ctrl-C it can go on. */
export async function runDatabaseMigration<Location>(
  { fromFile, toFile, output }: Extract<ServiceTask, { task: "migrate-database" }>,
  { readDatabaseLocation, moveInstallation }: Move<Location>,
): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interrupted.abort());
  const progress = await StepProgress.open();
  try {
    const moved = await moveInstallation({
      from: await readDatabaseLocation(fromFile),
      to: await readDatabaseLocation(toFile),
      progress: (step, table, share) => progress.show(stepNames[step], share, table),
      signal: interrupted.signal,
    });
    progress.stop();
    await printList(moved.tables, tableView, output);
    process.stderr.write(
      `The installation ${moved.installationId} is whole in its new database; the old one is unchanged. Start services on the new one only.\n`,
    );
    return exitCodes.completed;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    progress.stop();
    process.stderr.write("Interrupted. The same command goes on where it was.\n");
    return exitCodes.interrupted;
  } finally {
    progress.stop();
  }
}
