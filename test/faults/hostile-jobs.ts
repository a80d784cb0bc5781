import assert from "node:assert/strict";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { RunbookKind } from "../../src/contract/runbook-kind.ts";
import { hasEnded } from "../support/api-client.ts";
import { Installation } from "../support/installation.ts";
import { broken, examineHistory } from "../support/job-invariants.ts";
import type { HostIdentity } from "../support/processes.ts";
import { eventually, identityOf, processesOf, processesShowing, signalProcess } from "../support/processes.ts";
import type { HostileScript } from "./hostile-scripts.ts";
import { hostileScripts, hostileSource } from "./hostile-scripts.ts";

const neighbour = `export default async function () {
  for (let line = 1; line <= 100; line++) {
    console.log("line " + line + " of 100");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
`;

/** A worker on which all hostile scripts of a language run, and beside them a job that means no harm. */
export class HostileJobs implements AsyncDisposable {
  readonly #installation: Installation;
  readonly #kind: RunbookKind;
  readonly #accepted: string[] = [];
  #neighbour = "";

  static async start(kind: RunbookKind): Promise<HostileJobs> {
    const installation = await Installation.start({ server: ["--lease", "30s"] });
    const jobs = new HostileJobs(installation, kind);
    try {
      await jobs.#begin();
    } catch (error) {
      await installation[Symbol.asyncDispose]();
      throw error;
    }
    return jobs;
  }

  private constructor(installation: Installation, kind: RunbookKind) {
    this.#installation = installation;
    this.#kind = kind;
  }

  async #begin(): Promise<void> {
    const { client } = this.#installation;
    await this.#installation.startWorker({ arguments: ["--slots", "16"] });
    await client.import("neighbour", "TypeScript", neighbour);
    this.#neighbour = (await client.start("neighbour")).jobId;
    this.#accepted.push(this.#neighbour);
  }

  /** The scripts of this language, each with the number that names it. */
  scripts(): HostileScript[] {
    return hostileScripts.filter((script) => script.bodies[this.#kind] !== undefined);
  }

  /** Runs one, and asserts that its job ends truthfully and that no process of it lives on. */
  async run(script: HostileScript): Promise<void> {
    const { client } = this.#installation;
    const number = hostileScripts.indexOf(script);
    const mark = `86400.${process.pid}${String(number).padStart(3, "0")}`;
    const name = `hostile-${number}`;
    await client.import(name, this.#kind, hostileSource(this.#kind, script.bodies[this.#kind] ?? ""), script.settings);
    const { jobId, host } = await this.#startHeld(name, script, mark);
    if (script.stopped === true) {
      await client.until(jobId, ({ recordCount }) => recordCount > 0, "at its deed");
      await client.stop(jobId);
    }
    const job = await client.ended(jobId);
    const told = tellEnd(job);
    assert.ok(
      script.ends.some((status) => status === job.status),
      `ended as ${told}`,
    );
    if (script.because !== undefined) assert.match(told, script.because);
    await eventually(() => processesOf(host).length === 0, `the end of every process of: ${script.does}`);
    assert.deepEqual(processesShowing(mark), [], "a process of the script lives on");
    if (script.settings?.outputLimit !== undefined) await this.#assertCut(jobId, script.settings.outputLimit);
  }

  /** Asserts that the harmless job has ended well, and that the history is whole. */
  async assertOthersUnharmed(): Promise<void> {
    const job = await this.#installation.client.ended(this.#neighbour);
    assert.equal(job.status, "Completed", `the neighbour ended as ${tellEnd(job)}`);
    await this.#installation.stop();
    assert.deepEqual(broken(examineHistory(this.#installation.dataDirectory, this.#accepted)), {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#installation[Symbol.asyncDispose]();
    // Where a test has failed, what it was about may still be there.
    for (const processId of processesShowing(`86400.${process.pid}`)) signalProcess(processId, "SIGKILL");
  }

  /**
   * Starts a script and lets it go to its deed. On a busy machine a short time limit may end a script before that: then it
   * starts once more, with a limit three times as long.
   */
  async #startHeld(name: string, script: HostileScript, mark: string): Promise<{ jobId: string; host: HostIdentity }> {
    const { client } = this.#installation;
    for (let timeLimit = script.settings?.timeLimit ?? null; ; ) {
      const { jobId } = await client.start(name, { mark });
      this.#accepted.push(jobId);
      const host = await eventually(
        async () => letGo(mark) ?? (hasEnded(await client.job(jobId)) ? "none" : undefined),
        "the script's process, or the end of its job",
      );
      if (host !== "none") return { jobId, host };
      const told = tellEnd(await client.job(jobId));
      assert.ok(
        timeLimit !== null && timeLimit < 60_000 && /time limit/.test(told),
        `before its deed it ended as ${told}`,
      );
      timeLimit *= 3;
      await client.ask("PATCH", `/api/runbooks/${name}`, { timeLimit });
    }
  }

  async #assertCut(jobId: string, outputLimit: number): Promise<void> {
    const records = await this.#installation.client.records(jobId);
    const bytes = records.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    assert.ok(bytes < outputLimit + 1_000, `${bytes} bytes were kept`);
    assert.match(records.at(-1)?.text ?? "", /output was cut/);
  }
}

/** Finds the host by the sleep that it waits for, and ends that; undefined when it is not there (any more). */
function letGo(mark: string): HostIdentity | undefined {
  const processId = processesShowing(`sleep ${mark}`)[0];
  try {
    if (processId === undefined) return undefined;
    const host = identityOf(processId);
    signalProcess(processId, "SIGKILL");
    return host;
  } catch {
    return undefined;
  }
}

function tellEnd({ status, statusReason, exception }: JobResource): string {
  return `${status}: ${statusReason ?? ""} ${exception === null ? "" : `${exception.name}: ${exception.message}`}`;
}
