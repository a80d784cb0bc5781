import type { RunbookResource } from "../../../src/contract/api/runbook.ts";
import type { ErrorBody } from "../../../src/contract/error-body.ts";
import type { Problem } from "../../../src/contract/problem.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command, Invocation } from "../../command.ts";
import type { ApiClient } from "../../connection/api-client.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodeOfError, exitCodes } from "../../exit-codes.ts";
import { findScripts } from "../../import/find-scripts.ts";
import type { ImportSettings } from "../../import/import-script.ts";
import { importScript, ungrantedText } from "../../import/import-script.ts";
import type { View } from "../../output/print.ts";
import { printList } from "../../output/print.ts";
import { bodyOf, errorText } from "../../output/report-error.ts";

interface ImportResult {
  path: string;
  name: string;
  runbook: RunbookResource | null;
  granted: string[];
  error: ErrorBody | null;
}

const resultView: View<ImportResult> = {
  columns: [
    { title: "File", value: ({ path }) => path },
    { title: "Runbook", value: ({ name }) => name },
    { title: "Result", value: resultText },
    { title: "Granted", value: ({ granted }) => granted.join(" ") },
  ],
  name: ({ name }) => name,
};

export const command: Command = {
  name: "import-runbook",
  summary: "import scripts as runbooks; folders with all scripts in them",
  description:
    "Imports .ts and .ps1 files; a runbook is named as its file is. Of a folder, hidden folders, node_modules, declarations (.d.ts) and tests (.test.ts) are left out. Imported scripts are drafts until they are published.",
  arguments: [{ name: "PATH", help: "script files or folders", many: true }],
  options: [
    { flags: "--publish", help: "publish each at once" },
    { flags: "--overwrite", help: "a runbook of that name gets a new draft in place of an error" },
    { flags: "--grant-needed", help: "grant each what its script states that it needs, and say what" },
    { flags: "--folder <path>", help: "the folder that all of them go into" },
    {
      flags: "--assets-later",
      help: "publish also what names assets that its jobs may not use, or that are not there yet",
    },
    { flags: "--tags <a,b>", help: "tags for all of them" },
    { flags: "--description <text>", help: "a description for all of them" },
  ],
  examples: [
    { line: "import-runbook Get-DiskSpace.ts --publish", does: "import and publish one" },
    { line: "import-runbook ./runbooks --publish --overwrite --tags ops", does: "a folder, new versions of all" },
    { line: "import-runbook docs/examples/*.ps1 --publish --grant-needed", does: "with the grants they need" },
  ],
  async run(invocation) {
    const { scripts, skipped } = findScripts(invocation.arguments);
    if (skipped.length > 0) process.stderr.write(`${skippedText(skipped)}\n`);
    if (scripts.length === 0) {
      throw new UserError("no-script", `There is no script (.ts, .ps1) in ${invocation.arguments.join(", ")}.`);
    }
    const api = connect();
    const settings = settingsOf(invocation);
    const results: ImportResult[] = [];
    const stored = new Set<ImportResult>();
    for (const script of scripts) {
      const result: ImportResult = { path: script.path, name: script.name, runbook: null, granted: [], error: null };
      results.push(result);
      try {
        Object.assign(result, await importScript(api, script, settings, () => stored.add(result)));
        if (result.runbook !== null) tellProblems(result.path, result.runbook, settings);
      } catch (error) {
        if (!(error instanceof UserError) || exitCodeOfError(error) === exitCodes.unavailable) throw error;
        result.error = bodyOf(error);
        if (invocation.output !== "json") process.stderr.write(`${script.path}: ${errorText(error)}\n`);
      }
    }
    await tellCalls(api, results, settings);
    const shown = invocation.output === "name" ? results.filter(({ error }) => error === null) : results;
    await printList(shown, resultView, invocation.output);
    const failed = results.filter(({ error }) => error !== null);
    const drafts = failed.filter((result) => stored.has(result)).length;
    const lost = failed.length - drafts;
    if (drafts > 0) {
      process.stderr.write(`${drafts} of ${results.length} scripts are stored as drafts and were not published.\n`);
    }
    if (lost > 0) process.stderr.write(`${lost} of ${results.length} scripts could not be imported.\n`);
    return failed.length === 0 ? exitCodes.completed : exitCodes.invalid;
  },
};

/** A few by name: a folder may hold thousands. */
function skippedText(skipped: readonly string[]): string {
  const named = skipped.slice(0, 5).join(", ");
  const more = skipped.length > 5 ? ` and ${skipped.length - 5} more` : "";
  return `Left out, as no runbooks: ${named}${more}.`;
}

function settingsOf(invocation: Invocation): ImportSettings {
  const description = invocation.text("description");
  const tags = invocation.text("tags");
  const folder = invocation.text("folder");
  return {
    publish: invocation.flag("publish"),
    overwrite: invocation.flag("overwrite"),
    grantNeeded: invocation.flag("grant-needed"),
    ...(folder === undefined ? {} : { folder }),
    ...(invocation.flag("assets-later") ? { assetsLater: true } : {}),
    ...(tags === undefined ? {} : { tags: splitTags(tags) }),
    ...(description === undefined ? {} : { description }),
  };
}

/** Tags as they are given to options: separated by commas. */
export function splitTags(text: string): string[] {
  return text
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}

/** What is wrong with calls of other runbooks is told when all are there: what is called may come later in the same import. */
async function tellCalls(api: ApiClient, results: ImportResult[], settings: ImportSettings): Promise<void> {
  const imported = new Set(results.flatMap(({ name, error }) => (error === null ? name.toLowerCase() : [])));
  for (const result of results) {
    const { path, runbook } = result;
    if (runbook === null || problemsOf(runbook).every(({ called }) => called === undefined)) continue;
    result.runbook = await api.get<RunbookResource>(`/api/runbooks/${encodeURIComponent(runbook.runbookId)}`);
    // Of drafts whoever imports them knows that they are not published.
    tellEach(
      path,
      result.runbook,
      ({ called }) => called !== undefined && (settings.publish || !imported.has(called.toLowerCase())),
    );
  }
}

function problemsOf({ draft, published }: RunbookResource): Problem[] {
  return (draft ?? published)?.problems ?? [];
}

function tellEach(path: string, runbook: RunbookResource, isTold: (problem: Problem) => boolean): void {
  for (const { line, column, severity, message } of problemsOf(runbook).filter(isTold)) {
    process.stderr.write(`${path}:${line}:${column}: ${severity}: ${message}\n`);
  }
}

function tellProblems(path: string, runbook: RunbookResource, settings: ImportSettings): void {
  const version = runbook.draft ?? runbook.published;
  tellEach(path, runbook, ({ called }) => called === undefined);
  if (settings.publish && version?.analysis === "done") {
    const ungranted = ungrantedText(runbook);
    if (ungranted !== "") process.stderr.write(`${path}: note: ${ungranted}\n`);
  }
}

function resultText({ runbook, error }: ImportResult): string {
  if (error !== null) return `failed: ${error.type}`;
  if (runbook === null) return "";
  const { draft, published } = runbook;
  if (draft === null) return published === null ? "" : `published v${published.number}`;
  if (draft.analysis === "waiting") return `draft v${draft.number}, not analysed yet`;
  const errors = draft.problems.filter(({ severity }) => severity === "error").length;
  return errors === 0
    ? `draft v${draft.number}`
    : `draft v${draft.number}, ${errors} problem${errors === 1 ? "" : "s"}`;
}
