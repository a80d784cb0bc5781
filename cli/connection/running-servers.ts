import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a ready server writes, so that commands on its machine find it. */
export interface RunningServer {
  url: string;
  tokenFile: string;
  pid: number;
  /** The certificate to trust when it is the server's own. */
  caFile?: string;
}

/** The servers of this machine that live and that this account may see. */
export function runningServers(): RunningServer[] {
  return folders()
    .flatMap((folder) => filesOf(folder).flatMap(read))
    .filter(lives);
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

function read(file: string): RunningServer[] {
  try {
    const server: Partial<RunningServer> = JSON.parse(readFileSync(file, "utf8"));
    const { url, tokenFile, pid } = server;
    return url && tokenFile && pid ? [{ ...server, url, tokenFile, pid }] : [];
  } catch {
    return [];
  }
}

function lives({ pid }: RunningServer): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
