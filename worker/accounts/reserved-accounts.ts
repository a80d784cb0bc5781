import { readdirSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { UserError } from "../../src/contract/user-error.ts";
import type { HostAccount, HostAccounts } from "./host-account.ts";

/** User ids set aside for hosts, both included. */
export interface UserIdRange {
  first: number;
  last: number;
}

export const defaultHostUserIds: Readonly<UserIdRange> = { first: 64000, last: 64999 };

/** Accounts that one process takes at a time out of the range; two processes never share a block. */
const blockSize = 50;

/**
 * Accounts out of a range of user ids, for a worker that is root. No two live hosts of the machine have the same one:
 * each process reserves whole blocks of the range, and the one given back longest ago is used next.
 *
 * @throws UserError when other workers of this machine hold the whole range.
 */
export async function reserveAccounts(range: UserIdRange, count: number): Promise<HostAccounts> {
  const locks: Server[] = [];
  const free: number[] = [];
  for (let first = range.first; first <= range.last && free.length < count; first += blockSize) {
    const lock = await lockBlock(first);
    if (lock === null) continue;
    locks.push(lock);
    const alive = userIdsWithProcesses();
    for (let userId = first; userId < first + blockSize && userId <= range.last; userId++) {
      if (!alive.has(userId)) free.push(userId);
    }
  }
  const close = (): void => {
    for (const lock of locks) lock.close();
  };
  if (free.length < count) {
    close();
    throw new UserError(
      "host-accounts-used-up",
      `${count} accounts for hosts are needed, but only ${free.length} of the user ids ${range.first}-${range.last} are free: other workers on this machine hold the rest.`,
      { remedy: "Give each worker a range of its own with --host-uids FIRST-LAST, or run it with fewer slots." },
    );
  }
  return {
    acquire() {
      const userId = free.shift();
      if (userId === undefined) {
        throw new UserError(
          "host-accounts-used-up",
          `Every one of the accounts reserved for hosts (${range.first}-${range.last}) is in use.`,
          {
            remedy: "Give the worker a larger range with --host-uids FIRST-LAST.",
          },
        );
      }
      return account(userId, range.first, (released) => free.push(released));
    },
    close,
  };
}

function account(userId: number, groupId: number, giveBack: (userId: number) => void): HostAccount {
  let held = true;
  return {
    userId,
    groupId,
    release() {
      if (held) giveBack(userId);
      held = false;
    },
  };
}

/**
 * An abstract socket is a lock that the kernel frees when its holder dies, however it dies.
 * Network namespaces have their own names: containers that share user ids need ranges of their own.
 */
function lockBlock(first: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(null));
    server.listen(`\0runsmith-host-accounts-${first}`, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Ids that still have a process, say of a worker that was killed a moment ago. */
function userIdsWithProcesses(): Set<number> {
  const ids = new Set<number>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      ids.add(statSync(`/proc/${entry}`).uid);
    } catch {
      // Ended meanwhile.
    }
  }
  return ids;
}
