import { execFile } from "node:child_process";
import { access, constants, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../src/contract/user-error.ts";
import { ApiClient } from "../connection/api-client.ts";
import { findConnection } from "../connection/connect.ts";
import { runningServers } from "../connection/running-servers.ts";
import { formatDuration, formatSize } from "../output/quantities.ts";
import type { Check } from "./check.ts";
import { namesSqlServer } from "./database-check.ts";

/** Less than this is not enough to run on, in bytes. */
const leastDiskSpace = 200 * 1024 ** 2;
const comfortableDiskSpace = 2 * 1024 ** 3;
/** Clocks further apart than this confuse who reads times, in milliseconds. */
const clockTolerance = 5_000;

/** The port is free, or Runsmith listens on it. */
export const checkPort: Check = async ({ port }) => {
  const check = "port";
  const server = runningServers().find(({ url }) => new URL(url).port === String(port));
  if (server !== undefined) {
    return { check, state: "ok", detail: `Runsmith runs at ${server.url}, process ${server.pid}` };
  }
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const probe = createServer();
    probe.once("error", resolve);
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(null)));
  });
  if (error === null) return { check, state: "ok", detail: `port ${port} is free` };
  const taken = error.code === "EADDRINUSE";
  return {
    check,
    state: "failed",
    detail: taken ? `port ${port} is taken by another program` : `port ${port} cannot be opened: ${error.message}`,
    remedy: `${taken ? `See who: ss -ltnp 'sport = :${port}'. ` : ""}Or choose another: npm start -- --port 9191.`,
  };
};

/** There is room for the database. */
export const checkDisk: Check = async (settings) => {
  const check = "disk";
  const { dataDirectory } = settings;
  const folder = await nearestFolder(dataDirectory);
  try {
    await access(folder, constants.W_OK);
    const { bavail, bsize, type } = await statfs(folder);
    const free = bavail * bsize;
    const detail = `${formatSize(free)} free for ${dataDirectory}`;
    if (networkFileSystems.has(type) && !namesSqlServer(settings)) {
      return {
        check,
        state: "failed",
        detail: `${dataDirectory} is on a network file system, which breaks the database`,
        remedy: "Put --data on a local disk.",
      };
    }
    if (free < leastDiskSpace)
      return { check, state: "failed", detail, remedy: "Make room, or put --data on another disk." };
    if (free < comfortableDiskSpace)
      return { check, state: "note", detail, remedy: "Make room before the service stops accepting jobs." };
    return { check, state: "ok", detail };
  } catch (error) {
    return {
      check,
      state: "failed",
      detail: `${folder} cannot be written: ${(error as Error).message}`,
      remedy: "Name a folder of this account with --data.",
    };
  }
};

/** NFS and SMB, by their magic numbers in statfs(2). */
const networkFileSystems = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

/** The clock is set, and agrees with the service's. */
export const checkClock: Check = async () => {
  const check = "clock";
  const now = Date.now();
  if (now < Date.UTC(2025, 0, 1)) {
    return {
      check,
      state: "failed",
      detail: `the clock says ${new Date(now).toISOString()}`,
      remedy: "Set it: sudo timedatectl set-ntp true",
    };
  }
  const offset = await serviceClockOffset();
  if (offset !== null && Math.abs(offset) > clockTolerance) {
    return {
      check,
      state: "note",
      detail: `the service's clock is ${formatDuration(Math.abs(offset))} ${offset > 0 ? "ahead of" : "behind"} this one`,
      remedy: "Set both: sudo timedatectl set-ntp true. Leases do not depend on it; shown times do.",
    };
  }
  const detail = `${new Date(now).toISOString()}${offset === null ? "" : ", as the service's"}`;
  return (await isSynchronised()) === false
    ? {
        check,
        state: "note",
        detail: `${detail}, not synchronised`,
        remedy: "Synchronise it: sudo timedatectl set-ntp true",
      }
    : { check, state: "ok", detail };
};

/** The administrator's token is kept safely, and the service takes it. */
export const checkToken: Check = async ({ dataDirectory }) => {
  const check = "token";
  const local = runningServers()[0];
  const file = local?.tokenFile ?? join(dataDirectory, "admin.token");
  const found = await stat(file).catch(() => null);
  if (found !== null && (found.mode & 0o077) !== 0) {
    return {
      check,
      state: "failed",
      detail: `${file} can be read by others`,
      remedy: `chmod 600 ${file}, then npx runsmith reset-admin-token`,
    };
  }
  if (local === undefined && !process.env.RUNSMITH_URL) {
    const detail = found === null ? "made at the first start of a server" : `${file}, readable by its owner only`;
    return { check, state: "ok", detail };
  }
  try {
    const connection = findConnection();
    await new ApiClient(connection).get("/api/installation");
    return { check, state: "ok", detail: `${connection.url} takes it` };
  } catch (error) {
    const remedy = error instanceof UserError ? error.remedy : undefined;
    return { check, state: "note", detail: (error as Error).message, ...(remedy === undefined ? {} : { remedy }) };
  }
};

async function nearestFolder(path: string): Promise<string> {
  let folder = path;
  while (folder !== dirname(folder)) {
    const found = await stat(folder).catch(() => null);
    if (found !== null) return folder;
    folder = dirname(folder);
  }
  return folder;
}

/** Milliseconds by which the service's clock is ahead; null when there is no service to ask. */
async function serviceClockOffset(): Promise<number | null> {
  try {
    const answer = await new ApiClient(findConnection()).open("GET", "/healthz");
    answer.resume();
    const told = Date.parse(answer.headers.date ?? "");
    // The header has whole seconds: half of one is its best guess.
    return Number.isNaN(told) ? null : told + 500 - Date.now();
  } catch {
    return null;
  }
}

async function isSynchronised(): Promise<boolean | null> {
  try {
    const { stdout } = await promisify(execFile)("timedatectl", ["show", "--property=NTPSynchronized", "--value"], {
      timeout: 2_000,
    });
    return stdout.trim() === "yes";
  } catch {
    return null;
  }
}
