import type { Problem } from "../contract/problem.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";
import { defaultAttempts, hostKindOf } from "../contract/runbook-kind.ts";
import { UserError } from "../contract/user-error.ts";

/* What changes of runbooks are refused with, on every database. */

interface NamedRunbook {
  name: string;
}

export function noSuchRunbook(runbook: string): UserError {
  return new UserError("runbook-not-found", `There is no runbook ${runbook}.`, {
    status: 404,
    remedy: "List the runbooks there are with `npx runsmith get-runbook`.",
  });
}

/** @param seen the revision that the caller saw */
export function revisionMismatch(
  runbook: { name: string; modified_by: string; revision: number },
  seen: number,
): UserError {
  return new UserError(
    "revision-mismatch",
    `The runbook ${runbook.name} was changed by ${runbook.modified_by} after you read it (revision ${runbook.revision}, you have ${seen}).`,
    { status: 412, remedy: "Read the runbook again and repeat the change on its current state." },
  );
}

export function runbookExists({ name }: NamedRunbook): UserError {
  return new UserError("runbook-exists", `There is a runbook called ${name} already.`, {
    status: 409,
    remedy: "Import it with --overwrite to make this text its draft, or give the file another name.",
  });
}

/**
 * Why a text of this kind cannot be a runbook's draft; null when it can. As long as nothing was published, a runbook is of whatever kind its
 * draft is; but for one kind of host.
 */
export function kindRefusal(
  runbook: { name: string; kind: RunbookKind; published_version_id: Uint8Array | null },
  kind: RunbookKind,
): UserError | null {
  if (runbook.kind === kind) {
    return null;
  }
  const isOfOneHost = hostKindOf[runbook.kind] === hostKindOf[kind];
  if (isOfOneHost && runbook.published_version_id === null) {
    return null;
  }
  return new UserError(
    "runbook-kind-differs",
    isOfOneHost
      ? `The runbook ${runbook.name} was published as ${runbook.kind}, and stays of that kind; this text is a ${kind}.`
      : `The runbook ${runbook.name} is of kind ${runbook.kind}, this file is ${kind}.`,
    { status: 409, remedy: "Give the file another name, or delete the runbook first." },
  );
}

/** A setting that is still as the kind of the runbook had it becomes as its new kind has it. */
export function attemptsOfKind(runbook: { kind: RunbookKind; attempts: number }, kind: RunbookKind): number {
  return runbook.attempts === defaultAttempts[runbook.kind] ? defaultAttempts[kind] : runbook.attempts;
}

export function noDraft({ name }: NamedRunbook): UserError {
  return new UserError("runbook-has-no-draft", `The runbook ${name} has no draft.`, {
    status: 409,
    remedy: "Import a changed text first; it becomes the draft.",
  });
}

/** The draft is all there is. */
export function notPublished({ name }: NamedRunbook): UserError {
  return new UserError("runbook-not-published", `The draft is all there is of the runbook ${name}.`, {
    status: 409,
    remedy: `Delete the whole runbook with \`npx runsmith remove-runbook ${name}\`, or import another text.`,
  });
}

export function draftChanged({ name }: NamedRunbook): UserError {
  return new UserError("draft-changed", `The draft of the runbook ${name} was replaced in the meantime.`, {
    status: 409,
    remedy: "Look at the new draft, then publish again.",
  });
}

export function analysisWaiting({ name, kind }: { name: string; kind: RunbookKind }): UserError {
  return new UserError("analysis-waiting", `The draft of the runbook ${name} has not been analysed yet.`, {
    status: 409,
    remedy:
      kind === "TypeScript"
        ? "It is being analysed; publish in a moment."
        : `It is analysed as soon as a worker that can read ${kind} is connected (\`npx runsmith get-worker\`); publish then.`,
  });
}

export function hasProblems({ name }: NamedRunbook, errors: readonly Problem[]): UserError {
  return new UserError("runbook-has-problems", `The draft of the runbook ${name} cannot run as it is.`, {
    status: 422,
    remedy: "Mend the script where the problems are, import it again with --overwrite, then publish.",
    errors: errors.map(({ line, column, message }, index) => ({
      pointer: `/problems/${index}`,
      message: `Line ${line}, column ${column}: ${message}`,
    })),
  });
}

export function runbookHasOpenJobs({ name }: NamedRunbook): UserError {
  return new UserError("runbook-has-open-jobs", `The runbook ${name} has jobs that have not ended.`, {
    status: 409,
    remedy: "Stop them with `npx runsmith stop-job`, or wait until they have ended.",
  });
}
