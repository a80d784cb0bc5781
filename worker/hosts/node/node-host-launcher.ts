import { constants } from "node:fs";
import { copyFile, link, mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { HostProgram } from "../../sandbox/host-program.ts";
import type { HostLauncher } from "../host-launcher.ts";
import { buildNodeHost } from "./build-node-host.ts";

const mebibyte = 1024 * 1024;

/**
 * Node's arguments. Warnings become records, not text on standard error. SIGUSR1 opens no debugger. One helper thread in place of
 * four: a host runs one script. No option of V8's (not `--v8-pool-size`, which is Node's) may stand here: with one, V8
 * refuses the compiled form of Node's own modules that comes with Node, and every start compiles them anew: 6 ms of 43 (measured).
 */
const nodeArguments = ["--no-warnings", "--disable-sigusr1", "--v8-pool-size=1"];

/** Offers the Node that runs this worker, with the host's program bundled into the runtime folder. */
export const nodeHostLauncher: HostLauncher = {
  kind: "node",
  async prepare(runtimeDirectory: string): Promise<HostProgram | { missing: string }> {
    const major = Number(process.versions.node.split(".")[0]);
    if (major < 26) {
      return {
        missing: `Node ${process.versions.node} runs this worker; runbooks need Node 26 or later (npm install brings it)`,
      };
    }
    const directory = await realpath(runtimeDirectory);
    const host = await buildNodeHost(directory);
    const node = await executableForEveryone(directory);
    return {
      kind: "node",
      version: process.versions.node,
      command: node,
      arguments: [...nodeArguments, host],
      environment: {},
      directEnvironment: { RUNSMITH_DIRECT: "1" },
      readOnlyPaths: [node, path.dirname(host)],
      leastDataLimit: 640 * mebibyte,
    };
  },
};

/**
 * The path of Node's executable where every account may run it: where it is installed, or else by a hard link (or a copy) in
 * the runtime folder. A link shares the executable's pages in memory with the worker.
 */
async function executableForEveryone(directory: string): Promise<string> {
  const installed = await realpath(process.execPath);
  if (!isInPrivateFolder(installed) && (await isOpenToEveryone(installed))) return installed;
  const { size, mtimeMs } = await stat(installed);
  const folder = path.join(
    directory,
    `node-${process.versions.node}-${size.toString(36)}${Math.trunc(mtimeMs).toString(36)}`,
  );
  const shared = path.join(folder, "node");
  if (
    await stat(shared).then(
      (found) => found.size === size,
      () => false,
    )
  )
    return shared;
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const temporary = `${shared}.${process.pid}`;
  await rm(temporary, { force: true });
  try {
    await link(installed, temporary).catch(() => copyFile(installed, temporary, constants.COPYFILE_FICLONE));
    await rename(temporary, shared);
  } finally {
    await rm(temporary, { force: true });
  }
  return shared;
}

/** Where a host has files of its own: what else lay there could not be told from them when they are removed between two jobs. */
function isInPrivateFolder(file: string): boolean {
  return ["/tmp/", "/dev/shm/"].some((folder) => file.startsWith(folder));
}

async function isOpenToEveryone(file: string): Promise<boolean> {
  const othersReadAndExecute = 0o005;
  const othersEnter = 0o001;
  if (((await stat(file)).mode & othersReadAndExecute) !== othersReadAndExecute) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (((await stat(folder)).mode & othersEnter) !== othersEnter) return false;
    if (folder === path.dirname(folder)) return true;
  }
}
