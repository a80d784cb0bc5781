import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AnnouncedServer } from "../../src/contract/running-server.ts";

/** The servers of this machine that live and that this account may see: those of its own session, else the machine's. */
export function runningServers(): AnnouncedServer[] {
  for (const folder of folders()) {
    const servers = filesOf(folder).flatMap(read);
    if (servers.length > 0) return servers;
  }
  return [];
}

/**
 * The data folders of this machine's servers, which no script may see whatever is granted to it: of living ones, and of
 * those that were killed, as their data is still there.
 */
export function serverDataFolders(): string[] {
  const files = folders().flatMap(filesOf);
  return [...new Set(files.flatMap(dataFolder))];
}

function folders(): string[] {
  const own = process.env.XDG_RUNTIME_DIR;
  return [...(own ? [join(own, "runsmith")] : []), "/run/runsmith"];
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function read(file: string): AnnouncedServer[] {
  try {
    const server: Partial<AnnouncedServer> = JSON.parse(readFileSync(file, "utf8"));
    const { url, tokenFile, pid } = server;
    if (!url || !tokenFile || !pid || !lives(pid, statSync(file).mtimeMs)) return [];
    return [{ ...server, url, tokenFile, pid }];
  } catch {
    return [];
  }
}

/** A server keeps its token in its data folder. */
function dataFolder(file: string): string[] {
  try {
    const { tokenFile }: Partial<AnnouncedServer> = JSON.parse(readFileSync(file, "utf8"));
    return tokenFile ? [dirname(tokenFile)] : [];
  } catch {
    return [];
  }
}

/** Whether the process that wrote the file lives: a killed server leaves its file, and its process id goes to another. */
function lives(pid: number, writtenAt: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const startedAt = processStart(pid);
  // Both times are only as exact as a second or so.
  return startedAt === null || startedAt < writtenAt + 2_000;
}

/** When a process started, in milliseconds since the epoch (proc(5): field 22 of `stat`, in ticks of 10 ms since boot). */
function processStart(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const bootedAt = /^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1];
    return Number(bootedAt) * 1000 + Number(fields[19]) * 10;
  } catch {
    return null;
  }
}
