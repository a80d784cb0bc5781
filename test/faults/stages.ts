import assert from "node:assert/strict";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { WorkerProcess } from "../support/installation.ts";
import { broken, examineJobs } from "../support/job-invariants.ts";
import type { LinkProxy } from "../support/link-proxy.ts";
import { linkProxy } from "../support/link-proxy.ts";
import { LiveAttempts, liveAttempts, processOfJob } from "../support/live-attempts.ts";
import { commandLine, eventually, processesShowing } from "../support/processes.ts";
import type { StoredInstallation } from "../support/stored-installation.ts";

/** Where a job is when something is killed. */
export type Stage = RunningStage | EndStage | WaitingStage;

/** The worker has it and its host does not run yet; it is claimed for a worker that stands still; it waits for a slot. */
type WaitingStage = "starting" | "claimed" | "queued";

const waitingStages: ReadonlySet<Stage> = new Set<WaitingStage>(["starting", "claimed", "queued"]);

/** Its script runs. */
type RunningStage = "silent" | "streaming" | "last-line" | "stopping";

/** Its script is over: the end is on its way to the service, or is stored and its acknowledgement is on its way to the worker. */
type EndStage = "end-sent" | "end-stored";

/** A job that waits at its stage until the gate is opened. */
export interface StagedJob {
  stage: Stage;
  /** The runbook's setting: how often it may be handed to a worker. */
  attempts: 1 | 3;
  jobId: string;
}

/** How many jobs are at a stage that needs a slot: all but those that wait, or have ended. */
const slots = 14;

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
  if (stage === "last-line" || stage.startsWith("end-")) await opened();
  if (stage === "stopping") await pause(600_000);
}
`;

/** In place of bubblewrap: waits before hosts of one grant while it is told to, then becomes it. */
const slowBubblewrap = (grant: string, hold: string) => `#!/bin/sh
case "$*" in *${grant}*) while [ -e ${hold} ]; do /bin/sleep 0.05; done ;; esac
for folder in /usr/bin /bin /usr/local/bin; do
  if [ -x "$folder/bwrap" ]; then exec "$folder/bwrap" "$@"; fi
done
exit 127
`;

/** Jobs at every stage of their life at once, for each setting of attempts; the worker stands still. */
export class StagedJobs implements AsyncDisposable {
  readonly jobs: StagedJob[] = [];
  readonly #stored: StoredInstallation;
  readonly #link: LinkProxy;
  readonly #worker: WorkerProcess;
  /** Of the gates that scripts wait for. */
  readonly #folder: string;
  /** That jobs are granted whose hosts start late. */
  readonly #late: string;
  readonly #live = new LiveAttempts();

  static async start(stored: StoredInstallation): Promise<StagedJobs> {
    const { installation } = stored;
    const { client } = installation;
    const folder = join(installation.folder, "gate");
    const [late, programs] = [join(installation.folder, "late"), join(installation.folder, "programs")];
    for (const made of [folder, late, programs]) await mkdir(made);
    await writeFile(join(folder, "hold"), "");
    await writeFile(join(programs, "bwrap"), slowBubblewrap(late, join(folder, "hold")));
    await chmod(join(programs, "bwrap"), 0o755);
    const link = await linkProxy(Number(new URL(client.url).port));
    const worker = await installation.startWorker({
      servers: [link.url],
      arguments: ["--slots", String(slots)],
      environment: { PATH: `${programs}:${process.env.PATH}` },
    });
    for (const attempts of [1, 3] as const) {
      const grants = [{ type: "path", path: folder, access: "read" }] as const;
      const settings = { attempts, stopGrace: 10_000 };
      await client.import(`staged-${attempts}`, "TypeScript", script, { ...settings, grants: [...grants] });
      const lateGrant = { type: "path", path: late, access: "read" } as const;
      await client.import(`staged-late-${attempts}`, "TypeScript", script, {
        ...settings,
        grants: [...grants, lateGrant],
      });
    }
    const staged = new StagedJobs(stored, { link, worker, folder, late });
    await staged.#reachStages();
    return staged;
  }

  private constructor(
    stored: StoredInstallation,
    of: { link: LinkProxy; worker: WorkerProcess; folder: string; late: string },
  ) {
    this.#stored = stored;
    this.#link = of.link;
    this.#worker = of.worker;
    this.#folder = of.folder;
    this.#late = of.late;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#live[Symbol.dispose]();
    await this.#link[Symbol.asyncDispose]();
  }

  get worker(): WorkerProcess {
    return this.#worker;
  }

  /** Kills the worker; what it has sent and has not arrived is lost with it. */
  async killWorker(): Promise<void> {
    await this.#worker.kill();
    this.#link.cut();
  }

  /** Processes of the scripts that run. */
  scriptProcesses(): number[] {
    const ids = new Set(this.jobs.map(({ jobId }) => jobId));
    return liveAttempts().flatMap(({ jobId, processId }) => (ids.has(jobId) ? [processId] : []));
  }

  /** Processes that are about to become hosts. */
  startingProcesses(): number[] {
    return processesShowing(this.#late).filter((processId) => /^\/bin\/sh .*bwrap/.test(commandLine(processId)));
  }

  /** Lets every job go on, and waits for their ends. */
  async finish(): Promise<(StagedJob & { job: JobResource })[]> {
    this.#link.release();
    await rm(join(this.#folder, "hold"));
    await writeFile(this.#gateOf("streaming"), "");
    const { client } = this.#stored.installation;
    return await Promise.all(this.jobs.map(async (staged) => ({ ...staged, job: await client.ended(staged.jobId) })));
  }

  /** Ends everything, and asserts that all invariants hold and that nothing is left. */
  async assertInvariants(): Promise<void> {
    await this.#stored.installation.stop();
    const accepted = this.jobs.map(({ jobId }) => jobId);
    assert.deepEqual(await this.#stored.examine((history) => broken(examineJobs(history, accepted))), {});
    assert.deepEqual([...this.#live.overlaps], [], "two attempts of a job lived at the same time");
    await eventually(() => this.scriptProcesses().length === 0, "the end of every script's process");
  }

  async #reachStages(): Promise<void> {
    const ends = ["end-stored", "end-sent"] as const;
    for (const stage of ["silent", "last-line", "stopping", "streaming", ...ends] as const) await this.#start(stage);
    await Promise.all(this.jobs.map((job) => this.#reach(job)));
    // After all others that need hosts: only so many start at once.
    await this.#start("starting");
    await Promise.all(this.#jobsAt("starting").map((job) => this.#reach(job)));
    await eventually(() => this.startingProcesses().length === 2, "two hosts that are about to start");
    // Late, as they have only so much time to end, and before nothing is heard of the worker any more.
    await Promise.all(this.#jobsAt("stopping").map(({ jobId }) => this.#stop(jobId)));
    for (const stage of ends) await this.#end(stage);
    // Claims are made while the worker cannot take notice of them.
    this.#worker.signal("SIGSTOP");
    await this.#start("claimed");
    await Promise.all(this.#jobsAt("claimed").map((job) => this.#reach(job)));
    await this.#start("queued");
  }

  async #start(stage: Stage): Promise<void> {
    for (const attempts of [1, 3] as const) {
      const parameters = { stage, lines, gate: this.#gateOf(stage) };
      const runbook = stage === "starting" ? `staged-late-${attempts}` : `staged-${attempts}`;
      const { jobId } = await this.#stored.installation.client.start(runbook, parameters);
      this.jobs.push({ stage, attempts, jobId });
    }
  }

  /** Scripts that are over before the others have a gate of their own. */
  #gateOf(stage: Stage): string {
    return join(this.#folder, stage.startsWith("end-") ? stage : "open");
  }

  async #reach({ stage, jobId }: StagedJob): Promise<void> {
    const { client } = this.#stored.installation;
    const allWritten = (job: JobResource) => job.recordCount === lines;
    const reached = {
      silent: (job: JobResource) => job.status === "Running",
      streaming: (job: JobResource) => job.recordCount >= 10,
      "last-line": allWritten,
      "end-sent": allWritten,
      "end-stored": allWritten,
      stopping: (job: JobResource) => job.status === "Running",
      starting: (job: JobResource) => job.status === "Activating",
      claimed: (job: JobResource) => job.status === "Activating",
      queued: (job: JobResource) => job.status === "New",
    };
    await client.until(jobId, reached[stage], `at its stage, ${stage}`);
    if (waitingStages.has(stage)) return;
    await eventually(() => processOfJob(jobId), `the script's process at the stage ${stage}`);
  }

  async #stop(jobId: string): Promise<void> {
    const { client } = this.#stored.installation;
    await client.stop(jobId);
    await client.until(jobId, ({ status, recordCount }) => status === "Stopping" && recordCount > 0, "stopping");
  }

  #jobsAt(stage: Stage): StagedJob[] {
    return this.jobs.filter((job) => job.stage === stage);
  }

  /** Ends the scripts of a stage; what is told of their ends does not arrive, or the answer to it does not. */
  async #end(stage: EndStage): Promise<void> {
    this.#link.hold(stage === "end-sent" ? "requests" : "answers");
    const before = this.#link.heldBytes;
    await writeFile(this.#gateOf(stage), "");
    for (const { jobId } of this.#jobsAt(stage)) {
      await eventually(
        () => processOfJob(jobId) === undefined,
        `the end of the script's process at the stage ${stage}`,
      );
      if (stage === "end-stored") await this.#stored.installation.client.ended(jobId);
    }
    await eventually(() => this.#link.heldBytes > before, `what is held at the stage ${stage}`);
  }
}
