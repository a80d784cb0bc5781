/** Where the jobs of a run are kept. */
export type FaultStore = "sqlite" | "mssql";

/** What is done in one run, all of it from one number. */
export interface FaultPlan {
  jobs: PlannedJob[];
  kills: PlannedKill[];
}

export interface PlannedJob {
  /** The runbook's setting: how often it may be handed to a worker. */
  attempts: 1 | 3;
  lines: number;
  /** Milliseconds between two lines. */
  pace: number;
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
}): FaultPlan {
  const random = randomNumbers(of.seed);
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const jobs = Array.from({ length: of.jobs }, (): PlannedJob => {
    const lines = between(5, 80);
    return {
      attempts: random() < 0.5 ? 1 : 3,
      lines,
      pace: between(1, 20),
      stopAt: random() < 0.1 ? between(0, lines) : null,
    };
  });
  const kills = Array.from({ length: of.kills }, (_, index): PlannedKill => {
    const target = of.store === "mssql" ? pickOnSqlServer(random()) : pick(random());
    return {
      target,
      after: Math.round(((index + 0.2 + 0.6 * random()) * of.jobs) / of.kills),
      away: target === "pause" ? of.pause : target === "database away" ? databaseAway : between(0, 800),
      choice: random(),
    };
  });
  return { jobs, kills };
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
