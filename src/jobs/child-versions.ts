import type { ChildRunbook } from "../contract/child-runbook.ts";
import { deepestCalls, longestCarriedScripts, mostCalls } from "../contract/child-runbook.ts";
import type { CarriedChild } from "../contract/link/control-frames.ts";
import { UserError } from "../contract/user-error.ts";
import type { PublishedChild } from "../store/operations/child-jobs.ts";
import type { PinnedChild } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import type { RunnableVersions } from "./runnable-versions.ts";

/** Whether a job may run a runbook inside itself. */
export type MayRun = (runbookId: string) => boolean | Promise<boolean>;

/** Whether somebody may read a runbook. */
export type MayRead = (runbookId: string) => boolean | Promise<boolean>;

/**
 * The versions of other runbooks that a job runs inside itself: those that are published when the job is started, or, of names that
 * are put together only when it runs, when they are first called. All its attempts have the same.
 */
export class ChildVersions {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #versions: RunnableVersions;

  constructor(store: Pick<Store, "read" | "write">, versions: RunnableVersions) {
    this.#store = store;
    this.#versions = versions;
  }

  /**
   * What a job of a text runs inside itself, as far as the texts name it, now. What is not published is left out: its call fails.
   * @param mayRead whether whoever starts the job may read a runbook
   * @throws UserError `runbook-cycle`, `calls-too-deep` (409), which name no runbook that the starter may not read
   */
  async ofStart(runbook: string, calls: readonly string[], mayRead: MayRead = () => true): Promise<PinnedChild[]> {
    const found = new Map<string, PublishedChild>();
    // Each name once, whatever a database takes to be the same name.
    const asked = new Set<string>();
    for (let names = unlike(calls); names.length > 0 && found.size < mostCalls; ) {
      for (const name of names) {
        asked.add(keyOf(name));
      }
      const further = await this.#store.read.publishedChildren({ names });
      for (const child of further) {
        found.set(keyOf(child.name), child);
      }
      names = unlike(further.flatMap((child) => child.calls)).filter((name) => !asked.has(keyOf(name)));
    }
    const unending = found.size > 0 ? unendingChain(runbook, calls, found) : null;
    if (unending !== null) {
      const links = unending.map((name) => ({ name, runbookId: found.get(keyOf(name))?.runbookId ?? null }));
      const chain = await readableChain(links, mayRead);
      const isCircle = unending.slice(0, -1).some((name) => keyOf(name) === keyOf(unending.at(-1) ?? ""));
      throw isCircle ? runbookCycle(chain) : callsTooDeep(chain);
    }
    return [...found.values()].map(({ name, versionId }) => ({ name, versionId }));
  }

  /** What goes with a job. Scripts beyond a bound stay out of it, and are asked for when they are called. */
  async carried(jobId: string, mayRun: MayRun, carries: (scriptHash: string) => boolean): Promise<CarriedChild[]> {
    const carried: CarriedChild[] = [];
    let left = longestCarriedScripts;
    for (const { versionId } of await this.#store.read.pinnedChildren({ jobId })) {
      const version = await this.#versions.lookUp(versionId);
      if (version === null || !(await mayRun(version.runbook.runbookId))) {
        continue;
      }
      const { script, scriptHash, signature, runbook } = version;
      const isLeftOut = carries(scriptHash) || script.length > left;
      left -= isLeftOut ? 0 : script.length;
      const { name, kind } = runbook;
      carried.push({ name, kind, versionId, signature, scriptHash, script: isLeftOut ? null : script });
    }
    return carried;
  }

  /**
   * The version of this name that a job runs inside itself, pinned now if it was not before.
   * @throws UserError `runbook-not-found` (404), also where the job may not run it
   */
  async find(jobId: string, name: string, mayRun: MayRun): Promise<ChildRunbook> {
    const pinned = await this.#pinned(jobId, name);
    const version = pinned === undefined ? null : await this.#versions.lookUp(pinned.versionId);
    if (pinned === undefined || version === null || !(await mayRun(version.runbook.runbookId))) {
      throw childNotFound(name);
    }
    const { script, signature, runbook } = version;
    return { name: runbook.name, kind: runbook.kind, versionId: pinned.versionId, signature, script };
  }

  async #pinned(jobId: string, name: string): Promise<PinnedChild | undefined> {
    const pinned = await this.#store.read.pinnedChildren({ jobId });
    const known = pinned.find((child) => keyOf(child.name) === keyOf(name));
    if (known !== undefined) {
      return known;
    }
    const [published] = await this.#store.read.publishedChildren({ names: [name.normalize("NFC")] });
    return published && (await this.#store.write.pinChild({ ...published, jobId }));
  }
}

/** In the same words whether there is none, it was never published, or the job may not run it: nobody learns names by calling. */
function childNotFound(name: string): UserError {
  return new UserError("runbook-not-found", `There is no published runbook "${name}" that this job may run.`, {
    status: 404,
    remedy: `See that it exists and is published and enabled (npx runsmith get-runbook), and that the principal that the job acts as may operate it.`,
  });
}

/** Texts that call each other in a circle, or in too long a row, would not come to an end: their names, null where there are none. */
function unendingChain(
  runbook: string,
  calls: readonly string[],
  found: ReadonlyMap<string, PublishedChild>,
): readonly string[] | null {
  const done = new Set<string>();
  const walk = (chain: readonly string[], names: readonly string[]): readonly string[] | null => {
    for (const key of names.map(keyOf)) {
      const isAgain = chain.some((name) => keyOf(name) === key);
      const child = found.get(key);
      const next = [...chain, child?.name ?? chain.find((name) => keyOf(name) === key) ?? key];
      if (isAgain) {
        return next;
      }
      if (child === undefined || done.has(key)) {
        continue;
      }
      if (next.length > deepestCalls) {
        return next;
      }
      const unending = walk(next, child.calls);
      if (unending !== null) {
        return unending;
      }
      done.add(key);
    }
    return null;
  };
  return walk([runbook], calls);
}

/** The names of runbooks that call each other, as somebody may see them who may not read all of them. */
export function readableChain(
  links: readonly { name: string; runbookId: string | null }[],
  mayRead: MayRead,
): Promise<string[]> {
  return Promise.all(
    links.map(async ({ name, runbookId }) =>
      runbookId === null || (await mayRead(runbookId)) ? name : "a runbook that you may not read",
    ),
  );
}

/** @param chain the names of runbooks that call each other, the last one again */
export function runbookCycle(chain: readonly string[]): UserError {
  return new UserError("runbook-cycle", `Runbooks call each other in a circle: ${chain.join(" → ")}.`, {
    status: 409,
    remedy: "Let one of them do without the other, or start it as a job of its own.",
  });
}

export function callsTooDeep(chain: readonly string[]): UserError {
  return new UserError(
    "calls-too-deep",
    `More than ${deepestCalls} runbooks call each other in a row: ${chain.join(" → ")}.`,
    { status: 409, remedy: "Let fewer runbooks call each other." },
  );
}

function keyOf(name: string): string {
  return name.toLowerCase();
}

/** Each name once, as it is written first. */
function unlike(names: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const name of names) {
    const normal = name.normalize("NFC");
    found.set(keyOf(normal), found.get(keyOf(normal)) ?? normal);
  }
  return [...found.values()].slice(0, mostCalls);
}
