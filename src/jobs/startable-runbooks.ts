import { looksLikeId } from "../contract/id.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";
import { emptySignature } from "../contract/signature.ts";
import { UserError } from "../contract/user-error.ts";
import type { ParameterCheck } from "../language/parameter-check.ts";
import { compileParameterCheck } from "../language/parameter-check.ts";
import type { RunbookToStart } from "../store/operations/runbooks.ts";
import type { Store } from "../store/store.ts";
import { BoundedCache } from "./bounded-cache.ts";
import type { RunnableVersion } from "./runnable-versions.ts";

/** A runbook that a job can be started of, as it was when it was looked at. */
export interface StartableRunbook {
  runbookId: string;
  name: string;
  folderId: string | null;
  /** The principal that its jobs act as, those of a draft left out. */
  runAs: string | null;
  kind: RunbookKind;
  versionId: string;
  versionNumber: number;
  check: ParameterCheck;
  /** Names of other runbooks that it may call inside itself. */
  calls: readonly string[];
  /** Where its jobs went last; a hint for the dispatcher, nothing more. */
  placementId: string;
}

const runbooksKept = 1_000;
const checksKept = 500;

/**
 * What starting a job must know of a runbook, remembered between starts. Whatever is remembered may be old:
 * the acceptance itself checks that the version is the current one and that the runbook is enabled.
 */
export class StartableRunbooks {
  readonly #store: Pick<Store, "read">;
  readonly #runbooks = new BoundedCache<string, StartableRunbook>(runbooksKept);
  readonly #checks = new BoundedCache<string, ParameterCheck>(
    checksKept,
    () => 1,
    (check) => check.release(),
  );

  constructor(store: Pick<Store, "read">) {
    this.#store = store;
  }

  /** What is remembered; undefined when it has to be looked up. */
  remembered(runbook: string, draft: boolean): StartableRunbook | undefined {
    return this.#runbooks.get(keyOf(runbook, draft));
  }

  /**
   * @throws UserError `runbook-not-found` (404), `runbook-disabled`, `runbook-not-published`, `runbook-has-no-draft`,
   * `analysis-waiting`, `run-as-unavailable` (409), `runbook-has-problems` (422)
   * @param admit throws when no job of it may be started; asked before anything else is told of it
   */
  async lookUp(
    runbook: string,
    draft: boolean,
    admit?: (runbook: Pick<StartableRunbook, "runbookId" | "folderId" | "name">) => void,
  ): Promise<StartableRunbook> {
    const found = await this.#store.read.runbookToStart({ runbook: normalized(runbook), draft });
    if (found === null) {
      throw runbookNotFound(runbook);
    }
    admit?.(found);
    const version = startableVersion(found, draft);
    const startable: StartableRunbook = {
      runbookId: found.runbookId,
      name: found.name,
      folderId: found.folderId,
      runAs: found.runAs?.principalId ?? null,
      kind: found.kind,
      versionId: version.versionId,
      versionNumber: version.number,
      check: this.#check(found.kind, version),
      calls: version.calls,
      placementId: found.placementId,
    };
    this.#runbooks.set(keyOf(runbook, draft), startable);
    return startable;
  }

  /**
   * A version that need not be the published one any more.
   * @throws UserError as `lookUp` does
   */
  async pinned(
    { runbook, number, signature, calls }: RunnableVersion,
    versionId: string,
    draft: boolean,
    admit: Parameters<StartableRunbooks["lookUp"]>[2],
  ): Promise<StartableRunbook> {
    const startable = await this.lookUp(runbook.runbookId, draft, admit);
    const check = this.#check(runbook.kind, { versionId, signature });
    return { ...startable, versionId, versionNumber: number, check, calls };
  }

  /** Drops what is remembered of a runbook. */
  forget(runbookId: string): void {
    for (const [key, runbook] of this.#runbooks.entries()) {
      if (runbook.runbookId === runbookId) {
        this.#runbooks.delete(key);
      }
    }
  }

  #check(
    kind: RunbookKind,
    version: Pick<NonNullable<RunbookToStart["version"]>, "versionId" | "signature">,
  ): ParameterCheck {
    const known = this.#checks.get(version.versionId);
    if (known !== undefined) {
      return known;
    }
    const check = compileParameterCheck(version.signature ?? emptySignature, kind);
    this.#checks.set(version.versionId, check);
    return check;
  }
}

export function runbookNotFound(runbook: string): UserError {
  return new UserError("runbook-not-found", `There is no runbook ${runbook}.`, {
    status: 404,
    remedy: "Check the name: `npx runsmith get-runbook` lists all runbooks.",
  });
}

/** The version that runs; or why none can. */
function startableVersion(runbook: RunbookToStart, draft: boolean): NonNullable<RunbookToStart["version"]> {
  const { name, version } = runbook;
  const quoted = JSON.stringify(name);
  if (!runbook.enabled) {
    throw new UserError("runbook-disabled", `The runbook ${name} is disabled.`, {
      status: 409,
      remedy: `Enable it: npx runsmith enable-runbook ${quoted}`,
    });
  }
  // A draft acts as who tests it.
  if (!draft && runbook.runAs !== null && !runbook.runAs.enabled) {
    throw runAsUnavailable(name, runbook.runAs);
  }
  if (version === null) {
    throw draft
      ? new UserError("runbook-has-no-draft", `The runbook ${name} has no draft.`, {
          status: 409,
          remedy: "Start the published version, or save a draft first.",
        })
      : new UserError("runbook-not-published", `The runbook ${name} was never published.`, {
          status: 409,
          remedy: `Publish it: npx runsmith publish-runbook ${quoted}; or start its draft (--draft). Where its draft has problems, npx runsmith get-runbook ${quoted} shows them.`,
        });
  }
  if (version.analysis === "waiting") {
    throw new UserError(
      "analysis-waiting",
      runbook.kind === "TypeScript"
        ? `The script of ${name} was not analysed yet.`
        : `The script of ${name} was not analysed yet: no worker offers PowerShell.`,
      {
        status: 409,
        remedy:
          runbook.kind === "TypeScript"
            ? "It is being analysed; start it in a moment."
            : "Start a worker on a machine that has PowerShell 7.4 or later.",
      },
    );
  }
  if (version.errors.length > 0) {
    throw new UserError(
      "runbook-has-problems",
      `The draft of ${name} cannot run: ${version.errors.length} problem(s).`,
      {
        status: 422,
        remedy: "Mend the problems and import the script again.",
        errors: version.errors.map(({ line, column, message }) => ({
          pointer: "/draft",
          message: `line ${line}, column ${column}: ${message}`,
        })),
      },
    );
  }
  return version;
}

function runAsUnavailable(name: string, runAs: NonNullable<RunbookToStart["runAs"]>): UserError {
  const who = runAs.name === null ? "a principal that is gone" : `${runAs.kind} ${runAs.name}, which is disabled`;
  return new UserError("run-as-unavailable", `Jobs of the runbook ${name} run as ${who}.`, {
    status: 409,
    remedy: `Let them run as somebody else: npx runsmith set-runbook ${JSON.stringify(name)} --run-as PRINCIPAL`,
  });
}

function normalized(runbook: string): string {
  return looksLikeId(runbook) ? runbook.toLowerCase() : runbook.normalize("NFC");
}

function keyOf(runbook: string, draft: boolean): string {
  return `${draft ? "draft" : "published"} ${runbook}`;
}
