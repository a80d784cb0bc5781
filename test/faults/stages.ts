import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { Installation, WorkerProcess } from "../support/installation.ts";
import { broken, examineHistory } from "../support/job-invariants.ts";
import { LiveAttempts, liveAttempts, processOfJob } from "../support/live-attempts.ts";
import { eventually } from "../support/processes.ts";

/** Where a job is when something is killed; the last ones need a worker that stands still to be seen at all. */
export const stages = ["silent", "streaming", "last-line", "stopping", "claimed", "queued"] as const;
export type Stage = (typeof stages)[number];

/** A job that waits at its stage until the gate is opened. */
export interface StagedJob {
  stage: Stage;
  /** The runbook's setting: how often it may be handed to a worker. */
  attempts: 1 | 3;
  jobId: string;
}

/** How many jobs are at a stage that needs a slot. */
const slots = 10;

const lines = 400;

const script = `import { existsSync } from "node:fs";
import { job, signal } from "runsmith";

const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

/** Counts, and waits at its stage until the gate is there. */
export default async function ({ stage, lines, gate }: { stage: string; lines: number; gate: string }) {
  process.title = "runsmith-attempt:" + job.id + "/" + job.attempt;
  signal.addEventListener("abort", () => console.warn("asked to stop"));
  const opened = async () => {
    while (!existsSync(gate)) await pause(20);
  };
  if (stage === "silent" || stage === "stopping") await opened();
  for (let line = 1; line <= lines; line++) {
    if (stage === "streaming" && line % 5 === 0) await pause(10);
    if (stage === "streaming" && line === lines - 50) await opened();
    console.log("line " + line + " of " + lines);
  }
  if (stage === "last-line") await opened();
  if (stage === "stopping") await pause(600_000);
}
`;

/** Jobs at every stage of their life at once, for each setting of attempts; the worker stands still. */
export class StagedJobs implements Disposable {
  readonly jobs: StagedJob[] = [];
  readonly #installation: Installation;
  readonly #worker: WorkerProcess;
  readonly #gate: string;
  readonly #live = new LiveAttempts();

  static async start(installation: Installation): Promise<StagedJobs> {
    const { client } = installation;
    const worker = await installation.startWorker({ arguments: ["--slots", String(slots)] });
    const folder = join(installation.folder, "gate");
    await mkdir(folder);
    for (const attempts of [1, 3] as const) {
      await client.import(`staged-${attempts}`, "TypeScript", script, {
        attempts,
        stopGrace: 4_000,
        grants: [{ type: "path", path: folder, access: "read" }],
      });
    }
    const staged = new StagedJobs(installation, worker, join(folder, "open"));
    await staged.#reachStages();
    return staged;
  }

  private constructor(installation: Installation, worker: WorkerProcess, gate: string) {
    this.#installation = installation;
    this.#worker = worker;
    this.#gate = gate;
  }

  [Symbol.dispose](): void {
    this.#live[Symbol.dispose]();
  }

  get worker(): WorkerProcess {
    return this.#worker;
  }

  /** Processes of the scripts that run. */
  scriptProcesses(): number[] {
    const ids = new Set(this.jobs.map(({ jobId }) => jobId));
    return liveAttempts().flatMap(({ jobId, processId }) => (ids.has(jobId) ? [processId] : []));
  }

  /** Lets every job go on, and waits for their ends. */
  async finish(): Promise<(StagedJob & { job: JobResource })[]> {
    await writeFile(this.#gate, "");
    return await Promise.all(
      this.jobs.map(async (staged) => ({ ...staged, job: await this.#installation.client.ended(staged.jobId) })),
    );
  }

  /** Ends everything, and asserts that all invariants hold and that nothing is left. */
  async assertInvariants(): Promise<void> {
    await this.#installation.stop();
    const accepted = this.jobs.map(({ jobId }) => jobId);
    assert.deepEqual(broken(examineHistory(this.#installation.dataDirectory, accepted)), {});
    assert.deepEqual([...this.#live.overlaps], [], "two attempts of a job lived at the same time");
    await eventually(() => this.scriptProcesses().length === 0, "the end of every script's process");
  }

  async #reachStages(): Promise<void> {
    for (const stage of ["silent", "last-line", "stopping", "streaming"] as const) await this.#start(stage);
    await Promise.all(this.jobs.map((job) => this.#reach(job)));
    // Claims are made while the worker cannot take notice of them.
    this.#worker.signal("SIGSTOP");
    await this.#start("claimed");
    await Promise.all(this.jobs.slice(-2).map((job) => this.#reach(job)));
    await this.#start("queued");
  }

  async #start(stage: Stage): Promise<void> {
    for (const attempts of [1, 3] as const) {
      const parameters = { stage, lines, gate: this.#gate };
      const { jobId } = await this.#installation.client.start(`staged-${attempts}`, parameters);
      this.jobs.push({ stage, attempts, jobId });
    }
  }

  async #reach({ stage, jobId }: StagedJob): Promise<void> {
    const { client } = this.#installation;
    const reached = {
      silent: (job: JobResource) => job.status === "Running",
      streaming: (job: JobResource) => job.recordCount >= 10,
      "last-line": (job: JobResource) => job.recordCount === lines,
      stopping: (job: JobResource) => job.status === "Running",
      claimed: (job: JobResource) => job.status === "Activating",
      queued: (job: JobResource) => job.status === "New",
    };
    await client.until(jobId, reached[stage], `at its stage, ${stage}`);
    if (stage === "claimed" || stage === "queued") return;
    await eventually(() => processOfJob(jobId), `the script's process at the stage ${stage}`);
    if (stage === "stopping") {
      await client.stop(jobId);
      await client.until(jobId, ({ status, recordCount }) => status === "Stopping" && recordCount > 0, "stopping");
    }
  }
}
