import { streamNames } from "../../../src/contract/stream.ts";
import type { AttemptRow, JobHistory, JobRow, RecordRow } from "../../support/job-history.ts";
import type { MixName } from "./mix.ts";
import { concurrencyLimit } from "./mix.ts";

/** What must hold of the jobs of each runbook of the storm, beside what must hold of all. */
export const mixInvariants = [
  "a reused host serves one job at a time, which finds nothing of others",
  "a step that is stored is not done again, and no step is left out",
  "no more jobs of a runbook run at once than it allows",
  "what a PowerShell job writes keeps its order across streams",
] as const;

export type MixInvariant = (typeof mixInvariants)[number];

export type MixViolations = Record<MixInvariant, string[]>;

/** Jobs of one runbook, with what the database has of them. */
interface KeptJob {
  job: JobRow;
  attempts: readonly AttemptRow[];
  records: readonly RecordRow[];
}

/** Examines the jobs by the runbook that they are of. @returns what breaks each invariant, and how many jobs each reused host served */
export function examineMix(history: JobHistory): { violations: MixViolations; jobsByHost: number[] } {
  const jobsOf = (name: MixName): KeptJob[] =>
    history.jobs
      .filter(({ runbook_name }) => runbook_name === name)
      .map((job) => ({ job, attempts: history.attemptsOf(job.id), records: history.recordsOf(job.id) }));
  const stays = jobsOf("reused").flatMap(staysOnHosts);
  const [reuse, steps, limit, order] = mixInvariants;
  const violations: MixViolations = {
    [reuse]: [...sharedHosts(stays), ...jobsOf("reused").flatMap(wrongIsolation)],
    [steps]: jobsOf("durable").flatMap((kept) => wrongSteps(kept, history)),
    [limit]: crowds(jobsOf("limited")),
    [order]: jobsOf("power-shell").flatMap(wrongOrder),
  };
  return { violations, jobsByHost: [...Map.groupBy(stays, ({ host }) => host).values()].map(({ length }) => length) };
}

/** An attempt on a host, in milliseconds of the host's own clock; `until` is infinite where the job did not come to its end. */
interface Stay {
  name: string;
  host: string;
  from: number;
  until: number;
  found: number;
}

function staysOnHosts({ job, attempts, records }: KeptJob): Stay[] {
  return attempts.flatMap(({ attempt }) => {
    const texts = records.filter((record) => record.attempt === attempt).map(({ text }) => text);
    const [, host, from, found] = /^host (\S+) from (\S+) found (\d+)$/.exec(texts[0] ?? "") ?? [];
    if (host === undefined) return [];
    const [, until] = /^host \S+ until (\S+)$/.exec(texts.at(-1) ?? "") ?? [];
    const name = `${job.id}/${attempt}`;
    return [{ name, host, from: Number(from), until: Number(until ?? Number.POSITIVE_INFINITY), found: Number(found) }];
  });
}

function sharedHosts(stays: readonly Stay[]): string[] {
  return [...Map.groupBy(stays, ({ host }) => host).values()].flatMap((of) => {
    const inOrder = of.toSorted((one, other) => one.from - other.from);
    return inOrder.flatMap(({ name, from, found }, index) => {
      const before = inOrder[index - 1];
      return [
        ...(found > 0 ? [`${name} found ${found} things that another job had left`] : []),
        ...(before !== undefined && from < before.until
          ? [`${name} was on its host together with ${before.name}`]
          : []),
      ];
    });
  });
}

function wrongIsolation({ job }: KeptJob): string[] {
  return job.status === "Completed" && job.isolation !== "runbook"
    ? [`${job.id} had the isolation ${job.isolation}`]
    : [];
}

function wrongSteps({ job, records }: KeptJob, history: JobHistory): string[] {
  const done = records.flatMap(({ attempt, text }) => {
    const [, name, of] = /^does (step \d+) of (\d+)$/.exec(text) ?? [];
    return name === undefined ? [] : [{ attempt, name, of: Number(of) }];
  });
  const stored = history.stepsOf(job.id);
  const wrong = stored.flatMap(({ name, attempt }) => {
    const times = done.filter((one) => one.name === name);
    const [own, later] = [
      times.filter((one) => one.attempt === attempt).length,
      times.filter((one) => one.attempt > attempt).length,
    ];
    if (later > 0) return [`${job.id}: ${name} was stored in attempt ${attempt} and done again`];
    return own === 1 ? [] : [`${job.id}/${attempt}: ${name} was stored, and done ${own} times`];
  });
  const names = stored.map(({ name }) => name);
  const expected = Array.from({ length: done[0]?.of ?? 0 }, (_, index) => `step ${index + 1}`);
  if (job.status === "Completed" && names.join() !== expected.join())
    wrong.push(`${job.id} is completed, with these steps stored: ${names.join(", ") || "none"}`);
  return wrong;
}

/** Where more attempts were with workers at once than may be. */
function crowds(jobs: readonly KeptJob[]): string[] {
  const changes = jobs
    .flatMap(({ job, attempts }) =>
      attempts.flatMap(({ attempt, claimed_at, ended_at }) => [
        { at: claimed_at, change: 1, name: `${job.id}/${attempt}` },
        { at: ended_at ?? Number.POSITIVE_INFINITY, change: -1, name: "" },
      ]),
    )
    // One that ends makes room for one that begins in the same millisecond.
    .toSorted((one, other) => one.at - other.at || one.change - other.change);
  let running = 0;
  return changes.flatMap(({ change, name }) => {
    running += change;
    return change > 0 && running > concurrencyLimit ? [`${name} was the ${running}th at once`] : [];
  });
}

function wrongOrder({ job, records }: KeptJob): string[] {
  const warning = streamNames.indexOf("Warning");
  return records.flatMap(({ attempt, number, stream, text }, index) => {
    const [, line] = (stream === 0 ? /^line (\d+) of \d+$/.exec(text) : null) ?? [];
    if (line === undefined) return [];
    const before = records[index - 1];
    const isRight = before?.attempt === attempt && before.stream === warning && before.text === `before line ${line}`;
    return isRight ? [] : [`${job.id}/${attempt}: record ${number} comes after ${before?.text ?? "nothing"}`];
  });
}
