import type { JournalEntry } from "../../../../src/contract/journal.ts";
import type { Branch } from "./branch.ts";
import { beginBranches, currentBranch } from "./branch.ts";
import { runtime } from "./runtime.ts";

/*
 * What earlier attempts of the job have done. Each entry answers the call of its key once; until those of a branch are used up, what the branch
 * says was said before, and is dropped.
 */

/** A runbook did something else than in an attempt before. */
export class ReplayMismatch extends Error {
  constructor(message: string) {
    super(
      `${message} A runbook that goes on runs again from its start, and must call the same steps in the same order, by the same names. ` +
        "Let nothing that changes between two attempts (time, chance, what is read from outside) decide about steps, unless it is the result of a step itself; " +
        "what happens side by side belongs into branches of `parallel`. To begin anew, start a new job.",
    );
    this.name = "ReplayMismatch";
  }
}

/** What a text that is to be taken up again calls. */
const durableCalls = /\b(?:step|suspend|sleepUntil|waitForEvent|approval)\s*\(/;

let durable = false;
let unused = new Map<string, JournalEntry>();
/** How many entries are not used, by the path of their branch and of all those around it. */
let unusedIn = new Map<string, number>();
/** Steps that failed and were caught, not stored yet: they are with the next entry, which shows that the script went on. */
let caught: JournalEntry[] = [];

/** Called by the host when a job begins. @param script of the runbook */
export function beginJournal(entries: readonly JournalEntry[], script: string): void {
  durable = durableCalls.test(script);
  unused = new Map(entries.map((entry) => [entry.key, entry]));
  unusedIn = new Map();
  caught = [];
  beginBranches();
  for (const { branch } of entries) count(branch, 1);
}

/** A further text runs in the job. */
export function noteText(script: string): void {
  durable ||= durableCalls.test(script);
}

/** Whether the runbook is one that is taken up again, by its text, and so the same in each attempt. */
export function isDurable(): boolean {
  return durable;
}

/** Whether what is said now was said by an earlier attempt. */
export function isReplaying(): boolean {
  return unused.size > 0 && (unusedIn.get(currentBranch().path) ?? 0) > 0;
}

/** The job is over: what is said now has not been said before. */
export function endReplay(): void {
  unused.clear();
  unusedIn.clear();
}

/** Fails the job where earlier attempts have done what this one has not. */
export function checkUsedUp(): void {
  for (const { kind, name } of unused.values()) {
    const what = `${kind === "step" ? "step" : "wait"} "${name}"`;
    runtime().fail(new ReplayMismatch(`The runbook ended without the ${what}, which an earlier attempt has done.`));
  }
}

/**
 * The entry that answers this call; undefined where it is the first time. Ends the job where an earlier attempt did something else here.
 */
export function takeEntry(
  branch: Branch,
  key: string,
  kind: JournalEntry["kind"],
  name: string,
): JournalEntry | undefined {
  const entry = unused.get(key);
  const next = nextOf(branch);
  const isOther = entry === undefined ? next !== undefined && next.beside !== true : entry.kind !== kind;
  if (isOther) {
    const other = entry ?? next;
    runtime().fail(
      new ReplayMismatch(
        `The runbook calls "${name}" where an earlier attempt called "${other?.name}"${other?.kind === kind ? "" : ` (${other?.kind})`}.`,
      ),
    );
  }
  if (entry !== undefined && entry.again !== true && next !== entry && next?.beside !== true) {
    runtime().fail(
      new ReplayMismatch(`The runbook calls "${name}" before "${next?.name}", which an earlier attempt called first.`),
    );
  }
  if (entry !== undefined) use(entry);
  return entry;
}

/** Whether an earlier attempt came to this call. */
export function hasEntry(key: string): boolean {
  return unused.has(key);
}

/** What a step did inside itself is not asked for again. */
export function useBranch(path: string): void {
  for (const entry of [...unused.values()]) if (entry.branch.startsWith(path)) use(entry);
}

/** Resolves when it is stored, and with it what failed before and was caught. */
export async function keepEntry(entry: JournalEntry): Promise<void> {
  const before = caught;
  caught = [];
  await Promise.all([...before, entry].map((each) => runtime().keep(each)));
}

/** A step failed. If the script goes on, a further attempt must see the same. */
export function keepCaught(entry: JournalEntry): void {
  caught.push(entry);
}

function nextOf(branch: Branch): JournalEntry | undefined {
  if (unused.size === 0) return undefined;
  for (const entry of unused.values()) if (entry.branch === branch.path) return entry;
  return undefined;
}

function use(entry: JournalEntry): void {
  unused.delete(entry.key);
  count(entry.branch, -1);
}

/** In a branch, and in each around it: paths end with a slash. */
function count(path: string, change: number): void {
  for (let end = path.length; ; end = path.lastIndexOf("/", end - 2) + 1) {
    const around = path.slice(0, end);
    unusedIn.set(around, (unusedIn.get(around) ?? 0) + change);
    if (end === 0) return;
  }
}
