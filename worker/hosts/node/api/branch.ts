import type { AsyncLocalStorage } from "node:async_hooks";

/**
 * A line of work in which one thing happens after the other: the runbook itself, each branch of `parallel`, and what a step does. Keys of the
 * journal are counted in it, so that they are the same in each attempt however the branches fall together.
 */
export interface Branch {
  /** Such as `parallel#1:eu/`; empty for the runbook itself. */
  readonly path: string;
  /** The step whose work it is; null where waits are allowed. */
  readonly step: string | null;
  /** How often each name was called. */
  readonly calls: Map<string, number>;
  /** Entries that are under way. */
  readonly running: Set<{ beside?: boolean }>;
}

let root: Branch = newBranch("", null);
let storage: AsyncLocalStorage<Branch> | undefined;

export function newBranch(path: string, step: string | null): Branch {
  return { path, step, calls: new Map(), running: new Set() };
}

export function currentBranch(): Branch {
  return storage?.getStore() ?? root;
}

/** Runs `work` in a branch of its own. Loaded when it is first needed: most runbooks have neither steps nor branches. */
export function inBranch<Result>(branch: Branch, work: () => Result): Result {
  storage ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)<Branch>();
  return storage.run(branch, work);
}

/** The runbooks that were called on the way to a branch, the innermost one last. */
export function callsOf({ path }: Branch): string[] {
  return path
    .split("/")
    .filter((part) => part.startsWith("runbook:"))
    .map((part) => decodeURIComponent(part.slice("runbook:".length, part.lastIndexOf("#"))));
}

/** Another job begins. */
export function beginBranches(): void {
  root = newBranch("", null);
}

/** The key of a call in the branch that makes it, unlike that of any other call. */
export function keyOfCall(branch: Branch, label: string): string {
  const number = (branch.calls.get(label) ?? 0) + 1;
  branch.calls.set(label, number);
  return `${branch.path}${label}#${number}`;
}
