import { readdirSync, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { RunbookKind } from "../../src/contract/runbook-kind.ts";
import { runbookKindOfExtension } from "../../src/contract/runbook-kind.ts";
import { UserError } from "../../src/contract/user-error.ts";

/** A script file, and the runbook it is. */
export interface ScriptFile {
  path: string;
  name: string;
  kind: RunbookKind;
}

export interface FoundScripts {
  scripts: ScriptFile[];
  /** What of the folders is no runbook: other files, declarations, tests, hidden folders, installed packages. */
  skipped: string[];
}

/**
 * The script files that these paths name: files as they are, folders with all `.ts` and `.ps1` files below them.
 * Throws `UserError` for a path that is not there or a file that is no script.
 */
export function findScripts(paths: readonly string[]): FoundScripts {
  const found: FoundScripts = { scripts: [], skipped: [] };
  for (const path of paths) {
    if (isFolder(path)) addScriptsBelow(path, found);
    else found.scripts.push(scriptOf(path));
  }
  return found;
}

/** What runbook a script file is. Throws `UserError` (`unknown-kind`) when its ending is of no kind. */
export function scriptOf(path: string): ScriptFile {
  const kind = runbookKindOfExtension[extname(path).toLowerCase()];
  if (kind === undefined) {
    const endings = Object.keys(runbookKindOfExtension).join(" or ");
    throw new UserError("unknown-kind", `${path} is no runbook: its name does not end in ${endings}.`, {
      remedy: `Name the file <runbook>${endings.replace(" or ", " or <runbook>")}.`,
    });
  }
  return { path, name: basename(path, extname(path)), kind };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new UserError("file-not-found", `${path} cannot be read: ${(error as Error).message}.`, {
      remedy: "See that the path is right and that you may read it.",
    });
  }
}

function addScriptsBelow(folder: string, found: FoundScripts): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".") || entry.name === "node_modules") found.skipped.push(path);
    else if (entry.isDirectory()) addScriptsBelow(path, found);
    else if (isScript(entry.name)) found.scripts.push(scriptOf(path));
    else found.skipped.push(path);
  }
}

function isScript(name: string): boolean {
  return extname(name).toLowerCase() in runbookKindOfExtension && !/\.(d|test)\.ts$/.test(name);
}
