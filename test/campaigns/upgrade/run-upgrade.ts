import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "../../../src/store/open-store.ts";
import {
  connectionOfTestDatabase,
  dropTestDatabases,
  takeTestDatabase,
} from "../../../src/store/testing/test-database.ts";
import { counting } from "../../faults/counting.ts";
import { ApiClient, hasEnded } from "../../support/api-client.ts";
import type { WorkerProcess } from "../../support/installation.ts";
import { Installation } from "../../support/installation.ts";
import type { Violations } from "../../support/job-invariants.ts";
import { examineJobs } from "../../support/job-invariants.ts";
import { mssqlHistory } from "../../support/mssql-history.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { makeNextVersion } from "./next-version.ts";

export interface UpgradeRun {
  violations: Violations &
    Record<"no job failed, was stopped or needed another attempt" | "each step left what it should", string[]>;
  /** Jobs by how they ended. */
  ends: Record<string, number>;
  steps: number;
}

/** Jobs that are accepted and not over, at most. */
const outstanding = 10;

const lines = 25;

/**
 * A service that is killed may have claimed a job that it had not handed over yet: the attempt never begins, and another takes its place.
 * Milliseconds before a kill in which such a claim counts as the kill's doing.
 */
const killReach = 3_000;

/** Milliseconds between two lines of a job: it runs long enough to see a service go. */
const pace = 40;

/**
 * Upgrades an installation of two services behind a load balancer and two workers, one process after the other, while jobs stream;
 * then examines every job. What fails a single job fails the run: jobs have one attempt.
 */
export async function runUpgrade(of: { jobs: number; progress?: (text: string) => void }): Promise<UpgradeRun> {
  const database = await takeTestDatabase();
  try {
    await makeSchema(database.url);
    await using installation = await Installation.start({ databaseUrls: [database.url, database.url] });
    const upgrade = new Upgrade(installation, of.progress ?? (() => {}));
    await upgrade.run(of.jobs);
    await installation.stop();
    const history = await mssqlHistory(connectionOfTestDatabase(database.url));
    return {
      violations: {
        ...examineJobs(history, upgrade.accepted),
        "no job failed, was stopped or needed another attempt": upgrade.unwell,
        "each step left what it should": upgrade.wrongSteps,
      },
      ends: upgrade.ends,
      steps: upgrade.steps,
    };
  } finally {
    await dropTestDatabases();
  }
}

/** What is measured is the upgrade, not the first start. */
async function makeSchema(databaseUrl: string): Promise<void> {
  await using folder = await temporaryFolder();
  const store = await openStore({ dataDirectory: join(folder.path, "data"), databaseUrl });
  await store.close();
}

interface Step {
  name: string;
  take(): Promise<void>;
}

class Upgrade {
  readonly accepted: string[] = [];
  readonly ends: Record<string, number> = {};
  readonly unwell: string[] = [];
  readonly wrongSteps: string[] = [];
  steps = 0;
  /** When services were killed, in milliseconds since 1970. */
  readonly #kills: number[] = [];
  readonly #installation: Installation;
  readonly #progress: (text: string) => void;
  readonly #workers: WorkerProcess[] = [];

  constructor(installation: Installation, progress: (text: string) => void) {
    this.#installation = installation;
    this.#progress = progress;
  }

  async run(jobs: number): Promise<void> {
    const { client } = this.#installation;
    const before = await versionAt(this.#installation, 0);
    const next = await makeNextVersion(join(this.#installation.folder, "next"));
    await client.import("count", "TypeScript", counting, { attempts: 1 });
    for (let count = 0; count < 2; count++) {
      this.#workers.push(await this.#installation.startWorker({ arguments: ["--slots", "8"] }));
    }
    let over = false;
    const loaded = this.#load(jobs).finally(() => {
      over = true;
    });
    const stepped = this.#take(this.#stepsTo(next, before), jobs, () => over);
    await Promise.all([loaded, stepped]);
  }

  #stepsTo(next: Awaited<ReturnType<typeof makeNextVersion>>, before: Version): Step[] {
    const installation = this.#installation;
    const restart = (index: number, signal: "in order" | "killed", program?: string) => async () => {
      if (signal === "killed") this.#kills.push(Date.now());
      await (signal === "in order" ? installation.stopServer(index) : installation.killServer(index));
      await installation.restartServer(index, program);
    };
    const is = async (index: number, version: string, schema: number) => {
      const found = await versionAt(installation, index);
      if (found.version !== version || found.schema !== schema) {
        this.wrongSteps.push(`service ${index + 1} is ${JSON.stringify(found)}, not ${version} on schema ${schema}`);
      }
    };
    const upgradeWorker = (index: number) => async () => {
      const worker = this.#workers[index];
      worker?.signal("SIGTERM");
      await worker?.ended();
      await worker?.start(next.program);
    };
    return [
      {
        name: "service 1 becomes the next version, and brings the schema up to date; service 2 goes on",
        take: async () => {
          await restart(0, "in order", next.program)();
          await is(0, next.version, next.schema);
          await is(1, before.version, before.schema);
        },
      },
      {
        name: "service 2, of the version before, is killed, and starts again over the new schema",
        take: async () => {
          await restart(1, "killed")();
          await is(1, before.version, next.schema);
        },
      },
      { name: "worker 1 becomes the next version", take: upgradeWorker(0) },
      {
        name: "service 2 becomes the next version",
        take: async () => {
          await restart(1, "in order", next.program)();
          await is(1, next.version, next.schema);
        },
      },
      { name: "worker 2 becomes the next version", take: upgradeWorker(1) },
      { name: "service 1, of the next version, is killed, and starts again", take: restart(0, "killed") },
    ];
  }

  /** Spreads the steps over the run. */
  async #take(steps: Step[], jobs: number, isOver: () => boolean): Promise<void> {
    for (const [index, { name, take }] of steps.entries()) {
      while (this.accepted.length < ((index + 0.5) * jobs) / steps.length && !isOver()) await sleep(20);
      this.#progress(`${this.accepted.length} jobs: ${name}`);
      await take();
      this.steps += 1;
    }
  }

  async #load(jobs: number): Promise<void> {
    const open = new Set<Promise<void>>();
    for (let count = 0; count < jobs; count++) {
      while (open.size >= outstanding) await Promise.race(open);
      const running: Promise<void> = this.#follow().finally(() => open.delete(running));
      open.add(running);
    }
    await Promise.all(open);
  }

  async #follow(): Promise<void> {
    const { client } = this.#installation;
    const { jobId } = await client.start("count", { lines, pace });
    this.accepted.push(jobId);
    for (;;) {
      const job = await client.job(jobId);
      if (hasEnded(job)) {
        this.ends[job.status] = (this.ends[job.status] ?? 0) + 1;
        const isWell = job.status === "Completed" && (job.attempt === 1 || (await this.#onlyKillsDeclined(jobId)));
        if (!isWell) this.unwell.push(`${jobId} is ${job.status} at attempt ${job.attempt}: ${job.statusReason}`);
        return;
      }
      await sleep(200);
    }
  }

  /** Whether each attempt but the last never began because the service that had claimed it was killed. */
  async #onlyKillsDeclined(jobId: string): Promise<boolean> {
    const former = (await this.#installation.client.attempts(jobId)).slice(0, -1);
    return former.every(({ outcome, claimedAt }) => {
      const claimed = Date.parse(claimedAt);
      return outcome === "Declined" && this.#kills.some((kill) => claimed <= kill && kill - claimed < killReach);
    });
  }
}

interface Version {
  version: string;
  schema: number;
}

async function versionAt(installation: Installation, index: number): Promise<Version> {
  const url = installation.serviceUrls[index] ?? "";
  const { version, schema } = await new ApiClient(url, installation.client.token).ask<Version>(
    "GET",
    "/api/installation",
  );
  return { version, schema };
}
