import type { Analysis } from "../../../src/contract/analysis.ts";
import type { Grant } from "../../../src/contract/grant.ts";
import type { AttemptEnd } from "../../../src/contract/link/records-frames.ts";
import type { Logger } from "../../../src/contract/logger.ts";
import { silentLogger } from "../../../src/contract/logger.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import { formatGrants, missingGrants, parseGrants } from "../../../src/language/needs.ts";
import { kindOfScript } from "../../../src/language/powershell/kind-of-script.ts";
import type { LocalHosts } from "../../../worker/local-hosts.ts";
import type { RunScriptOptions } from "../../../worker/run-script.ts";
import type { Command, Invocation } from "../../command.ts";
import { serverDataFolders } from "../../connection/running-servers.ts";
import { exitCodeOfStatus, exitCodes } from "../../exit-codes.ts";
import { onInterruption } from "../../follow/interruption.ts";
import { RecordPrinter } from "../../follow/record-printer.ts";
import type { ScriptFile } from "../../import/find-scripts.ts";
import { scriptOf } from "../../import/find-scripts.ts";
import { parseDuration } from "../../output/quantities.ts";
import { readParameters } from "../../parameters/read-parameters.ts";
import { tellProblems } from "../../run/tell-problems.ts";
import { hostSettings, localHostOptions } from "../../service/worker-settings.ts";
import { exceptionLine } from "../../views/job-view.ts";

export const command: Command = {
  name: "run",
  summary: "run a script on this machine, without a server",
  description:
    "Runs a .ts or .ps1 file as a job would run: same hosts, same sandbox, parameters checked against its signature. Ctrl-C stops it. The exit code tells how it ended.",
  arguments: [{ name: "FILE", help: "the script" }],
  options: [
    { flags: "-p, --parameter <name=value>", help: "a parameter; once for each", many: true },
    { flags: "--parameters-file <file>", help: "parameters as JSON or YAML; - for standard input" },
    {
      flags: "--assets <file>",
      help: "JSON with its assets, or a file of Microsoft's authoring toolkit; once for each",
      many: true,
    },
    { flags: "--grant <grants>", help: 'what it may see: "network path:/var/log:rw processes socket:/run/x"' },
    { flags: "--grant-needed", help: "grant what the script states that it needs" },
    { flags: "--time-limit <duration>", help: "stop it after this time" },
    { flags: "--stop-grace <duration>", help: "how long it has to end by itself when it is stopped" },
    ...localHostOptions,
  ],
  examples: [
    { line: "run Get-DiskSpace.ts --grant-needed", does: "with what it needs" },
    { line: "run Get-DiskUsage.ps1 -p WarningPercent=70", does: "with a parameter" },
    { line: "run Restart-Service.ts --assets assets.json", does: "with credentials and variables of a file" },
  ],
  async run(invocation) {
    const interruption = onInterruption();
    try {
      return await runFile(scriptOf(invocation.argument(0)), invocation, interruption.signal);
    } catch (error) {
      if (interruption.signal.aborted) return exitCodes.interrupted;
      throw error;
    } finally {
      interruption.release();
    }
  },
};

async function runFile(file: ScriptFile, invocation: Invocation, signal: AbortSignal): Promise<number> {
  const { readScript } = await import("../../run/read-script.ts");
  const text = readScript(file.path);
  const script = { ...file, kind: kindOfScript(file.kind, text) };
  const { openLocalHosts } = await import("../../../worker/local-hosts.ts");
  const options = { ...hostSettings(invocation), protectedPaths: serverDataFolders(), logger: faultsOnly };
  if (script.kind === "TypeScript") {
    const { analyseInProcess } = await import("../../run/analyse-in-process.ts");
    const analysis = await analyseInProcess(script.name, text, signal);
    const job = await jobOf(script, analysis, invocation);
    await using hosts = await openLocalHosts(script.kind, options);
    signal.throwIfAborted();
    return await runJob(hosts, job, script, signal);
  }
  // What analyses PowerShell is what runs it.
  await using hosts = await openLocalHosts(script.kind, options);
  signal.throwIfAborted();
  const { analyseScript } = await import("../../../worker/analyse-script.ts");
  const analysis = await analyseScript(hosts, script.name, text, signal);
  return await runJob(hosts, await jobOf(script, analysis, invocation), script, signal);
}

/** There is no worker's log to look into. */
const faultsOnly: Logger = {
  ...silentLogger,
  error: (message, fields) =>
    void process.stderr.write(`${message}: ${fields?.["reason"] ?? JSON.stringify(fields)}\n`),
};

type Job = Omit<RunScriptOptions, "stop" | "onRecord">;

/** What is to run. Throws `UserError` when the script has problems or the parameters do not fit it. */
async function jobOf(script: ScriptFile, analysis: Analysis, invocation: Invocation): Promise<Job> {
  tellProblems(script.path, analysis);
  if (analysis.executable === null || analysis.problems.some(({ severity }) => severity === "error")) {
    throw new UserError("runbook-has-problems", `${script.path} cannot run: see its problems above.`, {
      remedy: "Mend them, and run it again.",
    });
  }
  const { signature } = analysis;
  const given = await readParameters(signature, invocation.list("parameter"), invocation.text("parameters-file"));
  const { checkedParameters } = await import("../../run/check-parameters.ts");
  const parameters = await checkedParameters(signature, script.kind, given);
  const { readAssetsFiles } = await import("../../run/read-assets-file.ts");
  const timeLimit = invocation.text("time-limit");
  const stopGrace = invocation.text("stop-grace");
  return {
    name: script.name,
    kind: script.kind,
    script: analysis.executable,
    parameters,
    parameterSchemas: signature.properties,
    grants: grantsOf(script, analysis, invocation),
    assets: readAssetsFiles(invocation.list("assets")),
    ...(timeLimit === undefined ? {} : { timeLimit: parseDuration(timeLimit) }),
    ...(stopGrace === undefined ? {} : { stopGrace: parseDuration(stopGrace) }),
  };
}

async function runJob(hosts: LocalHosts, job: Job, script: ScriptFile, signal: AbortSignal): Promise<number> {
  const { runScript } = await import("../../../worker/run-script.ts");
  const printer = new RecordPrinter();
  let printed: Promise<void> = Promise.resolve();
  const end = await runScript(hosts, {
    ...job,
    stop: signal,
    onRecord: (record) => {
      printed = printed.then(() => printer.print(record));
    },
  });
  await printed;
  printer.stop();
  await tellEnd(printer, script, end);
  return signal.aborted ? exitCodes.interrupted : exitCodeOfStatus(end.outcome);
}

function grantsOf(script: ScriptFile, { needs }: Analysis, invocation: Invocation): Grant[] {
  const given = parseGrants(invocation.text("grant") ?? "");
  const missing = missingGrants(parseGrants(needs.join(" ")), given);
  if (missing.length === 0) return given;
  if (invocation.flag("grant-needed")) {
    process.stderr.write(`granted: ${formatGrants([...given, ...missing])}\n`);
    return [...given, ...missing];
  }
  process.stderr.write(
    `note: ${script.path} states that it needs ${formatGrants(missing)}, which is not granted; add --grant-needed\n`,
  );
  return given;
}

async function tellEnd(printer: RecordPrinter, script: ScriptFile, end: AttemptEnd): Promise<void> {
  if (end.outcome === "Completed") return;
  const why = end.exception === undefined ? reasonText(end) : exceptionLine(end.exception);
  await printer.note(`${script.name} ${end.outcome}: ${why}`);
}

function reasonText({ reason, exitCode }: AttemptEnd): string {
  if (reason === "script")
    return exitCode === undefined ? "by the script itself" : `the script ended with exit code ${exitCode}`;
  return reason.replaceAll("-", " ");
}
