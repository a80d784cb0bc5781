import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { LogSwitches } from "../../../src/contract/host/host-messages.ts";

/** A workflow runbook, and all that its job is to say and do. */
export interface WorkflowScript {
  name: string;
  text: string;
  /** `FOLDER` in it is the job's own folder. */
  given: Record<string, unknown>;
  logs: LogSwitches;
  /**
   * What is told, one line each: `Output: a text`, with the further lines of a text behind two spaces; `= Suspended: why`, `= Resumed`,
   * `= Completed`; `refused /pointer: why`.
   */
  told: string[];
  /** What it writes into its trace, a line each; sorted where branches write side by side. */
  trace: string[];
  isTraceSorted: boolean;
  /** Whether it waits at gates behind its checkpoints, so that it can be killed there. */
  hasGates: boolean;
}

export const scriptFolder = path.join(import.meta.dirname, "scripts");

/** Reads `scripts/NAME.ps1`, each with what is expected of it in `scripts/NAME.txt`. */
export async function readWorkflowScripts(): Promise<WorkflowScript[]> {
  const files = (await readdir(scriptFolder)).filter((file) => file.endsWith(".ps1")).sort();
  return await Promise.all(files.map((file) => readWorkflowScript(path.basename(file, ".ps1"))));
}

async function readWorkflowScript(name: string): Promise<WorkflowScript> {
  const read = (ending: string) => readFile(path.join(scriptFolder, name + ending), "utf8");
  const text = await read(".ps1");
  const lines = (await read(".txt")).trimEnd().split("\n");
  const take = (mark: string): string[] => {
    const taken = lines.filter((line) => line.startsWith(mark));
    for (const line of taken) lines.splice(lines.indexOf(line), 1);
    return taken.map((line) => line.slice(mark.length));
  };
  const isTraceSorted = take("sorted trace").length > 0;
  const [given = "{}"] = take("given ");
  const [logs = ""] = take("logs ");
  return {
    name,
    text,
    given: JSON.parse(given) as Record<string, unknown>,
    logs: { verbose: logs.includes("verbose"), debug: logs.includes("debug"), progress: logs.includes("progress") },
    trace: take("trace "),
    isTraceSorted,
    told: lines,
    hasGates: /\bWait-Gate\b/.test(text),
  };
}
