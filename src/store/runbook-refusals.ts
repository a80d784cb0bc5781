import type { Problem } from "../contract/problem.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";
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

/** @param kind of the file that was to be its draft */
export function runbookKindDiffers(runbook: { name: string; kind: RunbookKind }, kind: RunbookKind): UserError {
  return new UserError(
    "runbook-kind-differs",
    `The runbook ${runbook.name} is of kind ${runbook.kind}, this file is ${kind}.`,
    { status: 409, remedy: "Give the file another name, or delete the runbook first." },
  );
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
