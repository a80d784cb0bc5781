import { writeFileSync } from "node:fs";
import { UserError } from "../../../src/contract/user-error.ts";
import { kindOfScript } from "../../../src/language/powershell/kind-of-script.ts";
import type { Command } from "../../command.ts";
import { serverDataFolders } from "../../connection/running-servers.ts";
import { exitCodes } from "../../exit-codes.ts";
import { onInterruption } from "../../follow/interruption.ts";
import { scriptOf } from "../../import/find-scripts.ts";
import { tellProblems } from "../../run/tell-problems.ts";
import { hostSettings, localHostOptions } from "../../service/worker-settings.ts";

export const command: Command = {
  name: "convert-workflow",
  summary: "write a PowerShell workflow as a plain script of PowerShell 7",
  description:
    "For those who go on without workflows; workflows run as they are, too. Comments and layout stay; where a script cannot do what the workflow did, a comment says so. Nothing of the workflow is run.",
  arguments: [{ name: "FILE", help: "the .ps1 file with the workflow" }],
  options: [
    { flags: "--output-file <file>", help: "a new file for the script, in place of standard output" },
    ...localHostOptions,
  ],
  examples: [
    { line: "convert-workflow Restart-Tier.ps1", does: "print the script" },
    { line: "convert-workflow Restart-Tier.ps1 --output-file scripts/Restart-Tier.ps1", does: "write it into a file" },
  ],
  async run(invocation) {
    const { path, name, kind } = scriptOf(invocation.argument(0));
    const interruption = onInterruption();
    try {
      const { readScript } = await import("../../run/read-script.ts");
      const text = readScript(path);
      if (kindOfScript(kind, text) !== "PowerShellWorkflow") throw noWorkflow(path);
      const { openLocalHosts } = await import("../../../worker/local-hosts.ts");
      const settings = { ...hostSettings(invocation), protectedPaths: serverDataFolders() };
      await using hosts = await openLocalHosts("PowerShellWorkflow", settings);
      interruption.signal.throwIfAborted();
      const { writeReadableScript } = await import("../../../worker/analyse-script.ts");
      const { analysis, readableScript, linesToSee } = await writeReadableScript(
        hosts,
        name,
        text,
        interruption.signal,
      );
      if (readableScript === undefined) {
        tellProblems(path, analysis);
        throw new UserError("runbook-has-problems", `${path} cannot be read: see its problems above.`, {
          remedy: "Mend them, and convert it again.",
        });
      }
      write(readableScript, invocation.text("output-file"));
      tellPlacesToSee(linesToSee ?? []);
      return exitCodes.completed;
    } catch (error) {
      if (interruption.signal.aborted) return exitCodes.interrupted;
      throw error;
    } finally {
      interruption.release();
    }
  },
};

function noWorkflow(path: string): UserError {
  return new UserError("no-workflow", `${path} has no workflow at its top level: there is nothing to convert.`, {
    remedy: "Name a file with `workflow NAME { … }` in it.",
  });
}

function tellPlacesToSee(lines: readonly number[]): void {
  if (lines.length === 0) return;
  const places = lines.length === 1 ? "1 place wants" : `${lines.length} places want`;
  const where = [...new Set(lines)].join(", ");
  process.stderr.write(`${places} a second look: ${lines.length === 1 ? "line" : "lines"} ${where} of the script.\n`);
}

function write(script: string, file: string | undefined): void {
  if (file === undefined) {
    process.stdout.write(script);
    return;
  }
  try {
    writeFileSync(file, script, { flag: "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === "EEXIST"
      ? new UserError("file-exists", `${file} is there already, and is not overwritten.`, {
          remedy: "Name another file, or remove that one.",
        })
      : new UserError("file-not-written", `${file} cannot be written: ${message}.`, {
          remedy: "See that its folder is there, and that you may write into it.",
        });
  }
}
