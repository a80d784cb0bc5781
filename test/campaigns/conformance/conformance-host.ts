import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { RecordMessage } from "../../../src/contract/host/host-messages.ts";
import { PwshHostRun } from "../../../worker/hosts/pwsh/testing/pwsh-host-run.ts";
import type { ConformanceScript } from "./conformance-script.ts";
import type { Printed } from "./printed.ts";
import { comparable } from "./printed.ts";

/** Milliseconds after which a script is ended that does not end by itself. */
const timeLimit = 90_000;

/** A script that wants verbose and debug messages; a job's are recorded when its runbook's switches say so, too. */
const setsPreference = /\$(Verbose|Debug)Preference = /;

/** A place where scripts run one after another, as a worker has it: in the same host as long as that says that it may. */
export class ConformanceHost {
  readonly #folder: string;
  #count = 0;
  #host: PwshHostRun | null = null;
  #home = "";

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether the next script comes into a host that has run others. */
  get isUsed(): boolean {
    return this.#host !== null;
  }

  async run({ text, given }: ConformanceScript): Promise<Printed> {
    const parameterSchemas = given === null ? {} : (await PwshHostRun.analysisOf(text)).signature.properties;
    const host = await this.#take();
    const first = host.records.length;
    const [rawBefore, readiesBefore] = [host.raw.length, host.readies];
    host.run(text, {
      parameters: given?.parameters ?? {},
      parameterSchemas: parameterSchemas ?? {},
      logs: { verbose: setsPreference.test(text), debug: setsPreference.test(text), progress: false },
      keep: { folders: [this.#home] },
    });
    const watch = setTimeout(() => host.process.kill("SIGKILL"), timeLimit);
    await host.until(() => host.ended !== undefined && (host.ended.kept !== true || host.readies > readiesBefore));
    clearTimeout(watch);
    const { ended } = host;
    if (ended?.kept !== true) await this.end();
    const failed = ended?.outcome === "Completed" ? 0 : 1;
    return comparable({
      ...joined(host.records.slice(first), host.raw.slice(rawBefore)),
      exitCode: ended === undefined ? -1 : (ended.exitCode ?? failed),
    });
  }

  /** Ends the host, so that the next script has one of its own. */
  async end(): Promise<void> {
    const host = this.#host;
    this.#host = null;
    if (host === null) return;
    const input = host.process.stdio[3] as NodeJS.WritableStream;
    input.end();
    await host.over();
  }

  async #take(): Promise<PwshHostRun> {
    if (this.#host !== null && this.#host.exit === undefined) return this.#host;
    this.#count += 1;
    this.#home = path.join(this.#folder, String(this.#count));
    await mkdir(this.#home, { recursive: true });
    this.#host = new PwshHostRun({ HOME: this.#home, TMPDIR: this.#home });
    const host = this.#host;
    await host.until(() => host.isReady);
    return host;
  }
}

/** How pwsh begins the lines of these streams, which it prints between those of Output. */
const beginnings: Partial<Record<RecordMessage["stream"], string>> = {
  Output: "",
  Information: "",
  Warning: "WARNING: ",
  Verbose: "VERBOSE: ",
  Debug: "DEBUG: ",
};

function joined(records: readonly RecordMessage[], raw: string): Omit<Printed, "exitCode"> {
  const printed = { output: "", errors: "", together: "" };
  for (const { stream, text, continued } of records) {
    const line = `${beginnings[stream] ?? ""}${text}${continued ? "" : "\n"}`;
    if (stream === "Progress") continue;
    if (stream === "Error") printed.errors += line;
    else printed.output += line;
    printed.together += line;
  }
  // What a script writes past PowerShell, which the worker makes records of.
  return { ...printed, output: printed.output + raw, together: printed.together + raw };
}
