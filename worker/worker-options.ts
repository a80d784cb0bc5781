import { existsSync } from "node:fs";
import { availableParallelism, homedir, hostname } from "node:os";
import { join } from "node:path";
import type { Logger } from "../src/contract/logger.ts";
import { silentLogger } from "../src/contract/logger.ts";
import type { HostKind } from "../src/contract/runbook-kind.ts";
import { UserError } from "../src/contract/user-error.ts";
import type { UserIdRange } from "./accounts/reserved-accounts.ts";
import { defaultHostUserIds } from "./accounts/reserved-accounts.ts";
import type { ResourceLimits } from "./sandbox/resource-limits.ts";
import { defaultResourceLimits } from "./sandbox/resource-limits.ts";

export type SandboxName = "bubblewrap" | "none";

/** What starting any host needs, with or without a service. */
export interface HostOptions {
  /** Default `bubblewrap`. */
  sandbox?: SandboxName;
  /** With `none`: run although a script could read Runsmith's own files. */
  trustEveryRunbook?: boolean;
  /** User ids that hosts get when the worker is root; default 64000-64999. */
  hostUserIds?: UserIdRange;
  /** Limits of each host. */
  limits?: Partial<ResourceLimits>;
  /** Files and folders that no script may reach, whatever is granted: the service's data directory, the worker's token. */
  protectedPaths?: readonly string[];
  /** Where runtimes are kept for hosts; default `/var/lib/runsmith/runtime` for root, else below the XDG cache folder. */
  runtimeDirectory?: string;
  logger?: Logger;
}

export interface WorkerOptions extends HostOptions {
  /** The service's address, such as `https://runsmith.example:9090`; or those of several services over one database. */
  server: string | readonly string[];
  /** A file with the worker's token; read again at each connection. */
  tokenFile: string;
  /** Runsmith's version, told to the service. */
  version: string;
  /** Jobs at once, of all kinds together. */
  slots?: number;
  /** Jobs at once of a kind of host; as many as `slots` where a kind is left out, and none of a kind with 0. */
  kindSlots?: Partial<Record<HostKind, number>>;
  /** PEM file of the authority that the service's certificate is checked against, in place of the system's. */
  caFile?: string;
  /** Bytes of memory that idle hosts may hold; default 512 MiB. */
  poolMemory?: number;
}

export type ResolvedHostOptions = Required<Omit<HostOptions, "limits">> & { limits: ResourceLimits };
export type ResolvedWorkerOptions = Required<Omit<WorkerOptions, "limits" | "caFile" | "server">> & {
  servers: readonly string[];
  limits: ResourceLimits;
  caFile: string | null;
  hostName: string;
};

export const defaultPoolMemory = 512 * 1024 ** 2;

/**
 * Four jobs a core, and never fewer than four: most runbooks wait for other machines most of their time. Jobs that do
 * compute share the cores fairly, and a host takes memory only while it runs.
 */
export function defaultSlots(): number {
  return Math.max(4, 4 * availableParallelism());
}

export function resolveHostOptions(options: HostOptions): ResolvedHostOptions {
  return {
    sandbox: options.sandbox ?? "bubblewrap",
    trustEveryRunbook: options.trustEveryRunbook ?? false,
    hostUserIds: options.hostUserIds ?? { ...defaultHostUserIds },
    limits: { ...defaultResourceLimits, ...options.limits },
    protectedPaths: options.protectedPaths ?? [],
    runtimeDirectory: options.runtimeDirectory ?? defaultRuntimeDirectory(),
    logger: options.logger ?? silentLogger,
  };
}

/** @throws UserError when an option makes no sense. */
export function resolveWorkerOptions(options: WorkerOptions): ResolvedWorkerOptions {
  const slots = options.slots ?? defaultSlots();
  const kindSlots = options.kindSlots ?? {};
  for (const [number, least] of [[slots, 1] as const, ...Object.values(kindSlots).map((of) => [of, 0] as const)]) {
    if (!Number.isInteger(number) || number < least || number > 1000) {
      throw new UserError("slots-invalid", `A worker cannot have ${number} slots.`, {
        remedy: "Give --slots a number from 1 to 1000, or one for each kind: --slots typescript=8,powershell=2.",
      });
    }
  }
  if (!existsSync(options.tokenFile)) {
    throw new UserError(
      "worker-token-missing",
      `There is no file ${options.tokenFile} to read the worker's token from.`,
      {
        remedy:
          "Make a worker with `npx runsmith new-worker --group default --token-file FILE`, and name the file with --token-file.",
      },
    );
  }
  const servers = typeof options.server === "string" ? [options.server] : options.server;
  const wrong = servers.find((server) => !/^https?:\/\//.test(server) || !URL.canParse(server));
  if (wrong !== undefined || servers.length === 0) {
    throw new UserError("server-invalid", `${wrong ?? "Nothing"} is not the address of a service.`, {
      remedy: "Give --server an address such as https://runsmith.example:9090.",
    });
  }
  const hostOptions = resolveHostOptions(options);
  return {
    ...hostOptions,
    protectedPaths: [...hostOptions.protectedPaths, options.tokenFile],
    servers,
    tokenFile: options.tokenFile,
    version: options.version,
    slots,
    kindSlots,
    caFile: options.caFile ?? null,
    poolMemory: options.poolMemory ?? defaultPoolMemory,
    hostName: hostname(),
  };
}

function defaultRuntimeDirectory(): string {
  if (process.getuid?.() === 0) return "/var/lib/runsmith/runtime";
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "runsmith", "runtime");
}
