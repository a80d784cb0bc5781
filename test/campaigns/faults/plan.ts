import type { MixName } from "./mix.ts";
import { mix, mixNames } from "./mix.ts";

/** Where the jobs of a run are kept. */
export type FaultStore = "sqlite" | "mssql";

/** What is done in one run, all of it from one number. */
export interface FaultPlan {
  jobs: PlannedJob[];
  kills: PlannedKill[];
}

export interface PlannedJob {
  runbook: MixName;
  parameters: Record<string, unknown>;
  /** Somebody asks it to stop when it has this many records. */
  stopAt: number | null;
}

export type KillTarget = "server" | "worker" | "host" | "server and worker" | "pause" | DatabaseFault;

/** What can happen between services and their database on SQL Server. */
export type DatabaseFault =
  | "database cut"
  | "database away"
  | "answer of a commit lost"
  | "answer of a procedure lost"
  | "answer cut half-way"
  | "call of a procedure late"
  | "database slow";

export interface PlannedKill {
  target: KillTarget;
  /** Done when this many jobs are accepted. */
  after: number;
  /** Milliseconds until what was killed is started again, or goes on. */
  away: number;
  /** Which of several. */
  choice: number;
}

/** Milliseconds that a database is away. */
const databaseAway = 15_000;

/**
 * @param pause Milliseconds that a worker stands still when it is paused; longer than its lease.
 * @param store Where the jobs are kept; what happens to it differs.
 */
export function planFaults(of: {
  jobs: number;
  kills: number;
  seed: number;
  pause: number;
  store: FaultStore;
  /** Whether jobs of PowerShell can run. */
  powerShell: boolean;
}): FaultPlan {
  const random = randomNumbers(of.seed);
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const chosen = mixNames.filter((name) => of.powerShell || mix[name].kind !== "PowerShell");
  const jobs = Array.from({ length: of.jobs }, (): PlannedJob => {
    const runbook = pickRunbook(chosen, random());
    const { lines, parameters } = planParameters(runbook, between);
    return { runbook, parameters, stopAt: random() < 0.1 ? between(0, lines) : null };
  });
  const kills = Array.from({ length: of.kills }, (_, index): PlannedKill => {
    const target = of.store === "mssql" ? pickOnSqlServer(random()) : pick(random());
    return {
      target,
      after: Math.round(((index + 0.2 + 0.6 * random()) * of.jobs) / of.kills),
      away: awayFor(target, of.pause, random, between),
      choice: random(),
    };
  });
  return { jobs, kills };
}

/** @param chosen Of which it is one, each as often as its share says. */
function pickRunbook(chosen: readonly MixName[], number: number): MixName {
  let left = number * chosen.reduce((sum, name) => sum + mix[name].share, 0);
  for (const name of chosen) {
    left -= mix[name].share;
    if (left < 0) return name;
  }
  return "once";
}

type Between = (least: number, most: number) => number;

/** @returns about how many records there will be, and what the runbook is told */
function planParameters(runbook: MixName, between: Between): { lines: number; parameters: Record<string, unknown> } {
  if (runbook === "durable") {
    const steps = between(2, 6);
    return { lines: steps, parameters: { steps, pace: between(5, 100), waits: between(0, 2) === 0 } };
  }
  const [lines, pace] = [between(5, 80), between(1, 20)];
  return { lines, parameters: runbook === "power-shell" ? { Lines: lines, Pace: pace } : { lines, pace } };
}

/** Milliseconds. A worker that is killed comes back soon, or when its lease has ended. */
function awayFor(target: KillTarget, pause: number, random: () => number, between: Between): number {
  if (target === "pause") return pause;
  if (target === "database away") return databaseAway;
  if (target === "worker" && random() < 0.2) return Math.round(0.7 * pause);
  return between(0, 800);
}

function pickOnSqlServer(number: number): KillTarget {
  if (number < 0.7) return pick(number / 0.7);
  if (number < 0.76) return "database cut";
  if (number < 0.8) return "answer of a commit lost";
  if (number < 0.85) return "answer of a procedure lost";
  if (number < 0.91) return "answer cut half-way";
  if (number < 0.94) return "call of a procedure late";
  return number < 0.98 ? "database slow" : "database away";
}

function pick(number: number): KillTarget {
  if (number < 0.25) return "server";
  if (number < 0.5) return "worker";
  if (number < 0.85) return "host";
  return number < 0.95 ? "server and worker" : "pause";
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
