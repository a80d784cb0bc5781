/** Where jobs may run. */
export interface Placement {
  /** Groups and workers in the order of preference, each `group:NAME` or `worker:NAME`: the first with a free slot gets a job. */
  runOn: string[];
  /** Groups and workers that get jobs when all that are named before them have been gone for `standByAfter`. */
  standBys: string[];
  /** Milliseconds. */
  standByAfter: number;
  /** Tags that a worker must have, all of them. */
  requiredTags: string[];
}

export const defaultWorkerGroup = "default";

/** Where the jobs of a new runbook run. */
export const defaultPlacement: Readonly<Placement> = {
  runOn: [`group:${defaultWorkerGroup}`],
  standBys: [],
  standByAfter: 60_000,
  requiredTags: [],
};

/** Letters, digits, dots, hyphens and underscores, beginning with a letter or a digit: names of workers and of groups. */
export const workerNamePattern = "^[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,127}$";

/** A group or a worker, as placements name them. */
export interface RunTarget {
  kind: "group" | "worker";
  name: string;
}

const workerName = new RegExp(workerNamePattern, "u");

/** Reads `group:NAME` or `worker:NAME`; a bare name is a group's. Null when it is neither. */
export function parseRunTarget(text: string): RunTarget | null {
  const [, kind = "group", name = ""] = /^(?:(group|worker):)?(.*)$/s.exec(text.trim()) ?? [];
  return workerName.test(name) ? { kind: kind === "worker" ? "worker" : "group", name } : null;
}

/** The written form of a target. */
export function formatRunTarget({ kind, name }: RunTarget): string {
  return `${kind}:${name}`;
}

/** Priorities of runbooks and jobs: the larger goes first. */
export const lowestPriority = -100;
export const highestPriority = 100;
