import { setPriority } from "node:os";
import { exitCodes } from "../exit-codes.ts";
import type { View } from "../output/print.ts";
import { printOne } from "../output/print.ts";
import { formatSize } from "../output/quantities.ts";
import { StepProgress } from "../output/step-progress.ts";
import type { ServiceTask } from "./service-task.ts";

/** A finished backup, as the store tells it. */
interface Backup {
  file: string;
  bytes: number;
  takenAt: number;
  schema: number;
}

interface BackupResource extends Omit<Backup, "takenAt"> {
  takenAt: string;
}

const backupView: View<BackupResource> = {
  columns: [
    { title: "File", value: ({ file }) => file },
    { title: "Size", value: ({ bytes }) => formatSize(bytes) },
    { title: "Taken at", value: ({ takenAt }) => takenAt },
    { title: "Schema", value: ({ schema }) => String(schema) },
  ],
  name: ({ file }) => file,
};

const stepNames = { copy: "Copying", check: "Checking" } as const;

/** Backs a database up, shows how far it is, prints what was made, and says the exit code; Ctrl-C leaves nothing behind. */
export async function runDatabaseBackup(
  { dataDirectory, file, output }: Extract<ServiceTask, { task: "backup-database" }>,
  backUpDatabase: (options: {
    dataDirectory: string;
    file: string;
    progress: (step: "copy" | "check", share: number) => void;
    signal: AbortSignal;
  }) => Promise<Backup>,
): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interrupted.abort());
  // Jobs and the server go first.
  setPriority(10);
  const progress = await StepProgress.open();
  try {
    const { takenAt, ...made } = await backUpDatabase({
      dataDirectory,
      file,
      progress: (step, share) => progress.show(stepNames[step], share),
      signal: interrupted.signal,
    });
    progress.stop();
    await printOne({ ...made, takenAt: new Date(takenAt).toISOString() }, backupView, output);
    return exitCodes.completed;
  } catch (error) {
    if (interrupted.signal.aborted) return exitCodes.interrupted;
    throw error;
  } finally {
    progress.stop();
  }
}
