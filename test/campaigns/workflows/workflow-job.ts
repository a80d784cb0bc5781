import { setTimeout as sleep } from "node:timers/promises";
import type { JobResource } from "../../../src/contract/api/job.ts";
import type { ErrorBody } from "../../../src/contract/error-body.ts";
import type { ApiClient } from "../../support/api-client.ts";
import { hasEnded } from "../../support/api-client.ts";
import type { JobFolder } from "./job-folder.ts";
import type { WorkflowScript } from "./workflow-script.ts";

const patience = 120_000;

/** The job of a workflow, and what it has told until now. */
export class WorkflowJob {
  readonly script: WorkflowScript;
  readonly folder: JobFolder;
  readonly told: string[] = [];
  readonly #client: ApiClient;
  #jobId: string | null = null;
  #records = 0;

  private constructor(client: ApiClient, script: WorkflowScript, folder: JobFolder) {
    this.#client = client;
    this.script = script;
    this.folder = folder;
  }

  /** Imports, publishes and starts it. */
  static async start(client: ApiClient, script: WorkflowScript, folder: JobFolder): Promise<WorkflowJob> {
    const job = new WorkflowJob(client, script, folder);
    await client.import(script.name, "PowerShell", script.text + folder.functions(), {
      logs: script.logs,
      grants: [{ type: "path", path: folder.path, access: "write" }],
    });
    const parameters = JSON.parse(JSON.stringify(script.given).replaceAll("FOLDER", folder.path)) as object;
    const { status, body } = await client.call<JobResource | ErrorBody>("POST", "/api/jobs", {
      runbook: script.name,
      parameters,
    });
    if (status === 201) job.#jobId = (body as JobResource).jobId;
    else job.told.push(...refusals(body as ErrorBody));
    return job;
  }

  /** Waits until the job has ended, and resumes it in between as often as it is expected to be. */
  async ended(): Promise<void> {
    for (let resumes = countOfResumes(this.script.told); this.#jobId !== null; resumes--) {
      const job = await this.#settled(this.#jobId);
      await this.#tellRecords(job.jobId);
      this.told.push(`= ${job.status}${job.exception === null ? "" : `: ${job.exception.message}`}`);
      if (job.status !== "Suspended" || resumes === 0) return;
      this.told.push("= Resumed");
      await this.#client.ask("POST", `/api/jobs/${job.jobId}/resume`, {});
    }
  }

  /** Where it waits now: the gates that it has reached, but for those known; null when it has ended in place of it. */
  async nextGate(known: number): Promise<string | null> {
    for (const until = Date.now() + patience; Date.now() < until; await sleep(50)) {
      const gate = (await this.folder.reached())[known];
      if (gate !== undefined) return gate;
      if (this.#jobId === null || hasEnded(await this.#client.job(this.#jobId))) return null;
    }
    throw new Error(`${this.script.name} reached no further gate: ${await this.#state()}`);
  }

  /** What is not as expected; null when all is. */
  async difference(): Promise<string | null> {
    const { told, trace, isTraceSorted } = this.script;
    const written = await this.folder.trace();
    if (isTraceSorted) written.sort();
    const expected = [...told, ...trace.map((line) => `trace ${line}`)].join("\n");
    const found = [...this.told, ...written.map((line) => `trace ${line}`)].join("\n");
    return expected === found ? null : `expected\n${indented(expected)}\nfound\n${indented(found)}`;
  }

  async #settled(jobId: string): Promise<JobResource> {
    for (const until = Date.now() + patience; Date.now() < until; await sleep(50)) {
      const job = await this.#client.job(jobId);
      if (hasEnded(job) || job.status === "Suspended") return job;
    }
    throw new Error(`${this.script.name} did not end: ${await this.#state()}`);
  }

  async #state(): Promise<string> {
    return this.#jobId === null ? "it was refused" : JSON.stringify(await this.#client.job(this.#jobId));
  }

  async #tellRecords(jobId: string): Promise<void> {
    const records = await this.#client.records(jobId);
    for (const { stream, text } of records.slice(this.#records)) {
      const [first = "", ...further] = text.trimEnd().split("\n");
      this.told.push(`${stream}: ${first}`.trimEnd(), ...further.map((line) => `  ${line}`.trimEnd()));
    }
    this.#records = records.length;
  }
}

function countOfResumes(told: readonly string[]): number {
  return told.filter((line) => line === "= Resumed").length;
}

function refusals({ errors = [], detail }: ErrorBody): string[] {
  const told = errors.map(({ pointer, message }) => `refused ${pointer}: ${message}`).sort();
  return told.length > 0 ? told : [`refused: ${detail}`];
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
