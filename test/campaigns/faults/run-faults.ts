import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded } from "../../support/api-client.ts";
import type { Installation, WorkerProcess } from "../../support/installation.ts";
import type { Violations } from "../../support/job-invariants.ts";
import { examineJobs } from "../../support/job-invariants.ts";
import type { LeaseExamination, LeaseInvariant } from "../../support/lease-invariants.ts";
import { examineLeases } from "../../support/lease-invariants.ts";
import { LiveAttempts, liveAttempts } from "../../support/live-attempts.ts";
import { eventually, signalProcess } from "../../support/processes.ts";
import { powerShellPath } from "../../support/requires.ts";
import type { FaultGround } from "./ground.ts";
import { lease, openGround } from "./ground.ts";
import { mix } from "./mix.ts";
import type { MixInvariant } from "./mix-invariants.ts";
import { examineMix } from "./mix-invariants.ts";
import type { FaultPlan, FaultStore, KillTarget, PlannedJob, PlannedKill } from "./plan.ts";
import { planFaults } from "./plan.ts";

export interface FaultRun {
  /** What breaks each invariant. */
  violations: Violations &
    Record<
      LeaseInvariant | MixInvariant | "two attempts of a job never live at once" | "no process outlives its job",
      string[]
    >;
  /** Jobs by how they ended. */
  ends: Record<string, number>;
  /** Kills that were done, by target; a host is killed only where one runs. */
  kills: Partial<Record<KillTarget, number>>;
  /** Attempts beyond the first of each job, by how the one before had ended; none that was suspended. */
  furtherAttempts: Record<string, number>;
  /** Jobs by their runbook. */
  jobs: Record<string, number>;
  /** How many ends of attempts of dead workers were measured, and the longest time to one, in milliseconds. */
  deaths: Pick<LeaseExamination, "measured" | "longest">;
  /** How many jobs each reused host had. */
  jobsByHost: number[];
}

/** Milliseconds between two looks at a job: often enough to stop it in time, and no load of its own on the database. */
const lookInterval = 300;

/** Jobs that are accepted and not over, at most, for each slot: some wait, whatever is killed. */
const outstandingBySlot = 2;
const workers = 2;

/** Slots of each worker. */
export const usualSlots = 4;

/** How far a run is. */
export interface FaultProgress {
  /** Accepted. */
  jobs: number;
  kills: number;
}

/** Streams short jobs while server, workers and hosts are killed, then examines every job there was. */
export async function runFaults(of: {
  jobs: number;
  kills: number;
  seed: number;
  pause: number;
  store: FaultStore;
  /** Of each worker; as `usualSlots` where left out. */
  slots?: number;
  progress?: (progress: FaultProgress) => void;
}): Promise<FaultRun> {
  await using ground = await openGround(of.store);
  const { installation } = ground;
  using live = new LiveAttempts();
  const powerShell = powerShellPath() !== null;
  const plan = planFaults({ ...of, powerShell });
  const campaign = new Campaign(ground, plan, of.slots ?? usualSlots, of.progress ?? (() => {}));
  await campaign.run().catch((error: unknown) => {
    throw new Error(`The run broke off. The services said last:\n${installation.lastErrors()}`, { cause: error });
  });
  await installation.stop();
  const own = new Set(campaign.accepted);
  const left = () => liveAttempts().filter(({ jobId }) => own.has(jobId));
  await eventually(() => left().length === 0, "the end of all processes", 10_000).catch(() => {});
  const history = await ground.history();
  const leases = examineLeases(history, ground.outages, lease);
  const mixed = examineMix(history);
  return {
    violations: {
      ...examineJobs(history, campaign.accepted),
      ...leases.violations,
      ...mixed.violations,
      "two attempts of a job never live at once": [...live.overlaps],
      "no process outlives its job": left().map(({ jobId, processId }) => `${jobId}: ${processId}`),
    },
    ends: campaign.ends,
    kills: campaign.kills,
    furtherAttempts: campaign.furtherAttempts,
    jobs: Object.fromEntries(
      [...Map.groupBy(plan.jobs, ({ runbook }) => runbook)].map(([runbook, { length }]) => [runbook, length]),
    ),
    deaths: { measured: leases.measured, longest: leases.longest },
    jobsByHost: mixed.jobsByHost,
  };
}

class Campaign {
  readonly accepted: string[] = [];
  readonly ends: Record<string, number> = {};
  readonly kills: Partial<Record<KillTarget, number>> = {};
  readonly furtherAttempts: Record<string, number> = {};
  readonly #installation: Installation;
  readonly #ground: FaultGround;
  readonly #plan: FaultPlan;
  readonly #slots: number;
  readonly #progress: (progress: FaultProgress) => void;
  readonly #workers: WorkerProcess[] = [];
  /** What is being killed and started again, so that it is not killed twice at once. */
  readonly #away = new Map<string, Promise<void>>();
  /** What could not be started again; then the run is no good. */
  #failure: { error: unknown } | null = null;

  constructor(ground: FaultGround, plan: FaultPlan, slots: number, progress: (progress: FaultProgress) => void) {
    this.#ground = ground;
    this.#installation = ground.installation;
    this.#plan = plan;
    this.#slots = slots;
    this.#progress = progress;
  }

  async run(): Promise<void> {
    const { client } = this.#installation;
    for (let count = 0; count < workers; count++) {
      this.#workers.push(await this.#installation.startWorker({ arguments: ["--slots", String(this.#slots)] }));
    }
    // Where a worker is there, PowerShell is looked through before it is published.
    for (const name of new Set(this.#plan.jobs.map(({ runbook }) => runbook)))
      await client.import(name, mix[name].kind, mix[name].source, mix[name].settings);
    const outstanding = outstandingBySlot * workers * this.#slots;
    const open = new Set<Promise<void>>();
    const kills = [...this.#plan.kills];
    for (const [index, job] of this.#plan.jobs.entries()) {
      while (kills[0] !== undefined && kills[0].after <= index) this.#kill(kills.shift() as PlannedKill);
      while (open.size >= outstanding) await Promise.race(open);
      const running: Promise<void> = this.#follow(job).finally(() => open.delete(running));
      open.add(running);
      this.#progress({ jobs: index + 1, kills: this.#plan.kills.length - kills.length });
    }
    await Promise.all([...this.#away.values(), ...open]);
  }

  async #follow({ runbook, parameters, stopAt }: PlannedJob): Promise<void> {
    const { client } = this.#installation;
    const { jobId } = await client.start(runbook, parameters);
    this.accepted.push(jobId);
    for (let stopped = false, since = Date.now(); ; ) {
      if (this.#failure !== null) throw this.#failure.error;
      const job = await client.job(jobId);
      if (hasEnded(job)) {
        this.ends[job.status] = (this.ends[job.status] ?? 0) + 1;
        if (job.attempt > 1) await this.#countAttempts(jobId);
        return;
      }
      if (stopAt !== null && !stopped && job.recordCount >= stopAt) {
        stopped = true;
        // It may have ended meanwhile; then it is refused.
        await client.stop(jobId).catch(() => {});
      }
      // The invariants tell then that it has not ended.
      if (Date.now() - since > 180_000) return;
      await sleep(lookInterval);
    }
  }

  async #countAttempts(jobId: string): Promise<void> {
    for (const { outcome, reason } of (await this.#installation.client.attempts(jobId)).slice(0, -1)) {
      if (outcome === "Suspended") continue;
      const how = `${outcome} (${reason})`;
      this.furtherAttempts[how] = (this.furtherAttempts[how] ?? 0) + 1;
    }
  }

  #kill(kill: PlannedKill): void {
    const worker = this.#workers[Math.floor(kill.choice * this.#workers.length)];
    if (worker === undefined) return;
    const { target, away } = kill;
    const server = Math.floor(kill.choice * 1000) % this.#ground.services;
    const restartServer = () => this.#restartServer(server, away);
    if (target === "server") this.#take(target, [`server ${server}`], restartServer);
    else if (target === "worker") this.#take(target, [worker.workerId], () => this.#restartWorker(worker, away));
    else if (target === "pause") this.#take(target, [worker.workerId], () => this.#pause(worker, away));
    else if (target === "host") this.#killHost(kill.choice);
    else if (target === "server and worker") {
      this.#take(target, [`server ${server}`, worker.workerId], async () => {
        await Promise.all([restartServer(), this.#restartWorker(worker, away)]);
      });
    } else {
      // A server does not come back while its database is away.
      const servers = Array.from({ length: this.#ground.services }, (_, index) => `server ${index}`);
      this.#take(target, ["database", ...(target === "database away" ? servers : [])], () =>
        this.#ground.breakDatabase(target, { away, choice: (kill.choice * 1000) % 1 }),
      );
    }
  }

  /** Does it when those that it concerns are back from the kill before. */
  #take(target: KillTarget, names: string[], action: () => Promise<void>): void {
    const before = names.map((name) => this.#away.get(name));
    const done = Promise.all(before).then(action);
    done.catch((error: unknown) => {
      this.#failure ??= { error };
    });
    for (const name of names) this.#away.set(name, done);
    this.#count(target);
  }

  #count(target: KillTarget): void {
    this.kills[target] = (this.kills[target] ?? 0) + 1;
  }

  async #restartServer(server: number, away: number): Promise<void> {
    const { outages } = this.#ground;
    outages.serviceGone(server);
    await this.#installation.killServer(server);
    await sleep(away);
    await this.#installation.restartServer(server);
    outages.serviceBack(server);
  }

  async #restartWorker(worker: WorkerProcess, away: number): Promise<void> {
    const killed = worker.kill();
    const isBack = this.#ground.outages.workerSilent(worker.workerId, true);
    await killed;
    await sleep(away);
    isBack();
    await worker.start();
  }

  async #pause(worker: WorkerProcess, away: number): Promise<void> {
    worker.signal("SIGSTOP");
    const isBack = this.#ground.outages.workerSilent(worker.workerId, false);
    await sleep(away);
    isBack();
    worker.signal("SIGCONT");
  }

  #killHost(choice: number): void {
    const own = new Set(this.accepted);
    const hosts = liveAttempts().filter(({ jobId }) => own.has(jobId));
    const host = hosts[Math.floor(choice * hosts.length)];
    if (host === undefined) return;
    signalProcess(host.processId, "SIGKILL");
    this.#count("host");
  }
}
