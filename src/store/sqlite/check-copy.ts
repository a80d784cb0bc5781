import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { UserError } from "../../contract/user-error.ts";

/** What the process that checks says, as JSON. */
export interface CopyFindings {
  /** Number of the last migration of the copy. */
  schema: number;
  /** What SQLite finds wrong; empty when the copy is sound. */
  problems: string[];
}

/**
 * Reads the whole of a copy and says its schema.
 * In a process of its own, as nothing but its end could stop the check once it has begun.
 * @throws UserError `backup-damaged`; whatever `signal` was aborted with.
 */
export async function checkCopy(file: string, signal: AbortSignal | undefined): Promise<number> {
  const program = fileURLToPath(new URL("./check-copy-process.ts", import.meta.url));
  const child = spawn(process.execPath, [program, file], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", stop);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    const [said, code] = await Promise.all([text(child.stdout), ended]);
    signal?.throwIfAborted();
    if (code !== 0) {
      throw new Error(`the check of the copy ended with ${code}`);
    }
    const { schema, problems } = JSON.parse(said) as CopyFindings;
    if (problems.length > 0) {
      throw new UserError("backup-damaged", `The copy is not sound: ${problems.join("; ")}.`, {
        status: 500,
        remedy:
          "Nothing was kept. Check the disk of the copy and, by another backup to another disk, whether the database itself is damaged.",
      });
    }
    return schema;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
