import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AnnouncedServer } from "../contract/running-server.ts";

/**
 * Tells this machine's commands that a server is ready: `<pid>.json` in the folder `runsmith` of the runtime directory.
 * Where that cannot be written nothing is told, and commands need `RUNSMITH_URL`.
 * @returns a function that takes it back
 */
export function announceRunningServer(entry: Omit<AnnouncedServer, "pid">, runtimeDirectory: string): () => void {
  const folder = join(runtimeDirectory, "runsmith");
  // Two servers in one process, as tests have them, must not share a file.
  const file = join(folder, `${process.pid}${count === 0 ? "" : `-${count}`}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOurs(folder)) {
      return () => undefined;
    }
    const announced: AnnouncedServer = { ...entry, pid: process.pid };
    writeFileSync(file, `${JSON.stringify(announced)}\n`, { mode: 0o600, flag: "w" });
  } catch {
    return () => undefined;
  }
  count += 1;
  return () => rmSync(file, { force: true });
}

let count = 0;

/** A folder that another account owns or may write to could be used to send commands, and their tokens, elsewhere. */
function isOurs(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}
