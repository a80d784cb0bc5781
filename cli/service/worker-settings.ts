import { UserError } from "../../src/contract/user-error.ts";
import type { CommandOption, Invocation } from "../command.ts";
import { parseSize } from "../output/quantities.ts";
import type { WorkerSlots } from "../parameters/worker-slots.ts";
import { parseSlots } from "../parameters/worker-slots.ts";

/** Options of a worker that `start` hands on to its local one. */
export const workerTuningOptions: readonly CommandOption[] = [
  {
    flags: "--slots <slots>",
    help: "jobs at once, four for each core by default; or for each kind: typescript=8,powershell=2",
  },
  { flags: "--pool-memory <size>", help: "memory that waiting hosts may hold; 512MiB by default" },
  {
    flags: "--sandbox <kind>",
    help: "what isolates jobs; none lets them see this account's files",
    choices: ["bubblewrap", "none"],
  },
  {
    flags: "--i-trust-every-runbook",
    help: "with --sandbox none: run although scripts could read Runsmith's own files",
  },
  { flags: "--host-uids <range>", help: "as root: user ids that jobs run as; 64000-64999 by default" },
  { flags: "--runtime-dir <folder>", help: "where runtimes are kept for hosts" },
];

/** Those of commands that have a script read or run on this machine, without a server. */
export const localHostOptions: readonly CommandOption[] = workerTuningOptions.filter(
  ({ flags }) => !/--slots|--pool-memory/.test(flags),
);

/** Options that a server and its local worker share. */
const sharedOptionNames = ["log-format", "log-level"];

/** The arguments of `runsmith worker` for the options that were given. */
export function workerTuningArguments(invocation: Invocation): string[] {
  const args: string[] = [];
  const ownNames = workerTuningOptions.map(({ flags }) => /--([\w-]+)/.exec(flags)?.[1] ?? "");
  for (const name of [...ownNames, ...sharedOptionNames]) {
    const value = invocation.text(name);
    if (value !== undefined) args.push(`--${name}`, value);
    else if (invocation.flag(name)) args.push(`--${name}`);
  }
  return args;
}

/** What hosts are started with, from the options above. Throws `UserError` for values that make no sense. */
export function hostSettings(invocation: Invocation) {
  const sandbox = invocation.text("sandbox") as "bubblewrap" | "none" | undefined;
  const range = invocation.text("host-uids");
  const runtimeDirectory = invocation.text("runtime-dir");
  return {
    trustEveryRunbook: invocation.flag("i-trust-every-runbook"),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(range === undefined ? {} : { hostUserIds: userIdRange(range) }),
    ...(runtimeDirectory === undefined ? {} : { runtimeDirectory }),
  };
}

/** Slots and pool memory, where they were given. */
export function capacitySettings(invocation: Invocation): Partial<WorkerSlots> & { poolMemory?: number } {
  const slots = invocation.text("slots");
  const poolMemory = invocation.text("pool-memory");
  return {
    ...(slots === undefined ? {} : parseSlots(slots)),
    ...(poolMemory === undefined ? {} : { poolMemory: parseSize(poolMemory) }),
  };
}

function userIdRange(text: string): { first: number; last: number } {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (first !== undefined && last !== undefined && Number(first) > 0 && Number(first) <= Number(last)) {
    return { first: Number(first), last: Number(last) };
  }
  throw new UserError("invalid-range", `--host-uids takes a range such as 64000-64999, not "${text}".`);
}
