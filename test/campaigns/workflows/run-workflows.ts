import path from "node:path";
import { Installation } from "../../support/installation.ts";
import { JobFolder } from "./job-folder.ts";
import { WorkflowJob } from "./workflow-job.ts";
import type { WorkflowScript } from "./workflow-script.ts";

export interface WorkflowRun {
  /** What a job told or did otherwise than it should, by script. */
  differences: Record<string, string>;
  /** How often a worker was killed under its jobs. */
  kills: number;
}

const assets: readonly (readonly [path: string, body: object])[] = [
  ["/api/variables", { name: "Workflow-Region", value: "west" }],
  ["/api/variables", { name: "Workflow-Other", value: "east" }],
  ["/api/variables", { name: "Workflow-Count", value: 7 }],
  ["/api/credentials", { name: "Workflow-Login", userName: "admin", password: "fourteen-signs" }],
];

/** An installation in which workflows are run as jobs, and killed at their checkpoints. */
export class WorkflowGround implements AsyncDisposable {
  readonly #installation: Installation;
  readonly #progress: (text: string) => void;

  static async start(progress: (text: string) => void = () => {}): Promise<WorkflowGround> {
    const installation = await Installation.start();
    try {
      await installation.startWorker({ arguments: ["--slots", "20"] });
      for (const [assetPath, body] of assets) await installation.client.ask("POST", assetPath, body);
      return new WorkflowGround(installation, progress);
    } catch (error) {
      await installation[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(installation: Installation, progress: (text: string) => void) {
    this.#installation = installation;
    this.#progress = progress;
  }

  /** Runs each once, some at a time. */
  async run(scripts: readonly WorkflowScript[], concurrency: number): Promise<WorkflowRun> {
    const differences: Record<string, string> = {};
    let next = 0;
    const runSome = async () => {
      for (let script = scripts[next++]; script !== undefined; script = scripts[next++]) {
        const differs = await this.#one(script).catch((error: unknown) => String(error));
        if (differs !== null) differences[script.name] = differs;
        this.#progress(`${script.name}${differs === null ? "" : ` DIFFERS\n${differs}`}`);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, runSome));
    return { differences, kills: 0 };
  }

  /**
   * Runs all of them at once, and kills their worker whenever each of them waits behind a further checkpoint: they go on from there, in
   * another process, and do nothing again.
   */
  async runKilled(scripts: readonly WorkflowScript[]): Promise<WorkflowRun> {
    const jobs: WorkflowJob[] = [];
    // One after the other: each import has a host of its own read the script.
    for (const script of scripts) jobs.push(await this.#start(script, "shut"));
    const differences: Record<string, string> = {};
    let waiting = jobs.map((job) => ({ job, known: 0 }));
    let kills = 0;
    for (;;) {
      const arrived = await Promise.all(
        waiting.map(async ({ job, known }) => ({ job, known, gate: await job.nextGate(known) })),
      );
      const atGates = arrived.filter(({ gate }) => gate !== null);
      if (atGates.length === 0) break;
      kills += 1;
      this.#progress(
        `kill ${kills}, with ${atGates.map(({ job, gate }) => `${job.script.name} at ${gate}`).join(", ")}`,
      );
      await this.#restartWorker();
      for (const { job, known, gate } of atGates) {
        const again = await job.nextGate(known + 1);
        if (again !== gate) differences[job.script.name] = `went on at gate ${again} in place of ${gate}`;
        await job.folder.open(gate ?? "");
      }
      waiting = atGates.map(({ job, known }) => ({ job, known: known + 2 }));
    }
    for (const job of jobs) {
      await job.ended();
      const differs = await job.difference();
      if (differs !== null) differences[job.script.name] ??= differs;
      this.#progress(`${job.script.name}${differs === null ? "" : ` DIFFERS\n${differs}`}`);
    }
    return { differences, kills };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#installation[Symbol.asyncDispose]();
  }

  async #one(script: WorkflowScript): Promise<string | null> {
    const job = await this.#start(script, "open");
    await job.ended();
    return await job.difference();
  }

  async #start(script: WorkflowScript, gates: "open" | "shut"): Promise<WorkflowJob> {
    const folder = await JobFolder.make(path.join(this.#installation.folder, `${script.name}-${gates}`), gates);
    return await WorkflowJob.start(this.#installation.client, script, folder);
  }

  async #restartWorker(): Promise<void> {
    for (const worker of this.#installation.workers) {
      await worker.kill();
      await worker.start();
    }
  }
}
