import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { JobResource } from "../src/contract/api/job.ts";
import type { Page } from "../src/contract/api/page.ts";
import type { RunbookKind } from "../src/contract/runbook-kind.ts";
import type { JobStreamRecord } from "../src/contract/stream.ts";
import { Client } from "./support/client.ts";
import { benchDatabases } from "./support/databases.ts";
import { type Figure, figure, type Goal, percentile, report } from "./support/figures.ts";
import { pwshOrNull } from "./support/reference.ts";
import { benchFolder, startSystem } from "./support/system.ts";

/*
 * Jobs of one runbook with `isolation: runbook`, whose hosts are reused: from the first start request to the end of the last
 * job, through the whole service, on each database. Each job has parameters, writes 20 records and gives a result; afterwards, outside the
 * measured time, every job is read back and checked, with all its records.
 *
 * The reference for PowerShell is what this machine does without any of that: pwsh in a bare loop, as many at once as there are
 * cores, each run of the same script in a fresh runspace.
 */

const bench = "reuse";
const connections = 16;
const recordsOfJob = 20;
/** Jobs that may wait or run at once; beyond that no further one is started. */
const mostOpen = 500;
/** More than there are cores: most of a short job's time goes by between two commits. */
const slots = 12;
const databases = benchDatabases();
/** On several databases it takes as long as on one. */
const settleSeconds = 5 / databases.length;
const seconds = 12 / databases.length;
const referenceSeconds = 8;

const typescript = `export default function ({ name, count }: { name: string; count: number }) {
  for (let line = 1; line < ${recordsOfJob}; line++) console.log(\`line \${line} of \${name}\`);
  return { name, count };
}
`;
// A job's parameters have the names that its script gives them.
const powershell = `param([string] $name, [int] $count)
1..${recordsOfJob - 1} | ForEach-Object { "line $_ of $name" }
[pscustomobject]@{ name = $name; count = $count }
`;
const bareLoop = `param([string] $File, [double] $Seconds)
$state = [initialsessionstate]::CreateDefault2()
$watch = [System.Diagnostics.Stopwatch]::StartNew()
$runs = 0
while ($watch.Elapsed.TotalSeconds -lt $Seconds) {
    $runspace = [runspacefactory]::CreateRunspace($state)
    $runspace.Open()
    $shell = [powershell]::Create()
    $shell.Runspace = $runspace
    $null = $shell.AddCommand($File).AddParameter('name', "job $runs").AddParameter('count', $runs)
    $output = $shell.Invoke()
    if ($output.Count -ne ${recordsOfJob}) { throw "run $runs gave $($output.Count) objects" }
    $shell.Dispose()
    $runspace.Dispose()
    $runs++
}
$runs / $watch.Elapsed.TotalSeconds
`;

const pwsh = await pwshOrNull();
const figures: Figure[] = [];
const cases: Case[] = [
  { kind: "TypeScript", text: typescript, reference: null, goal: { of: "value", atLeast: 1_000 } },
];
if (pwsh !== null) {
  const reference = await bareRunsPerSecond(pwsh);
  cases.push({ kind: "PowerShell", text: powershell, reference, goal: { of: "ratio", atLeast: 0.6 } });
}
for (const database of databases) {
  await using folder = await benchFolder();
  const dataDirectory = join(folder.path, "data");
  await using made = await database.make(dataDirectory);
  const system = await startSystem([...made.arguments, "--slots", String(slots)], { dataDirectory });
  const client = new Client(system.url, system.token, connections);
  try {
    for (const { kind, text, reference, goal } of cases) {
      const runbook = `bench-${kind}`;
      await publish(client, runbook, kind, text);
      const measured = await run(client, runbook);
      const name = `${database.name}, ${kind}`;
      figures.push(figure(bench, name, "jobs", "jobs/s", measured.rate, reference, goal), ...others(name, measured));
    }
  } finally {
    client.close();
    await system.stop();
  }
}
report(figures);

interface Case {
  kind: RunbookKind;
  text: string;
  /** Jobs a second. */
  reference: number | null;
  goal: Goal;
}

interface Measured {
  jobs: number;
  rate: number;
  /** Milliseconds of acceptances, each a request of its own. */
  accepted: number[];
  /** Jobs read back that were not as they should be. */
  wrong: number;
  /** The first of them. */
  example: string;
}

function others(name: string, { jobs, accepted, wrong, example }: Measured): Figure[] {
  if (wrong > 0) console.error(`${name}: ${example}`);
  return [
    figure(bench, name, "read back", "jobs", jobs),
    figure(bench, name, "wrong", "jobs", wrong, null, { of: "value", atMost: 0 }),
    figure(bench, name, "accepted p50", "ms", percentile(accepted, 0.5)),
  ];
}

async function publish(client: Client, name: string, kind: RunbookKind, text: string): Promise<void> {
  await client.publish(name, kind, text);
  await client.call("PATCH", `/api/runbooks/${name}`, { isolation: "runbook" });
}

async function run(client: Client, runbook: string): Promise<Measured> {
  await startJobs(client, runbook, settleSeconds, []);
  const accepted: number[] = [];
  const start = performance.now();
  const jobs = await startJobs(client, runbook, seconds, accepted);
  const rate = jobs.size / ((performance.now() - start) / 1000);
  return { jobs: jobs.size, rate, accepted, ...(await check(client, runbook, jobs)) };
}

/** Starts jobs for some seconds, and waits until all have ended. @returns by id, the number that each was given */
async function startJobs(
  client: Client,
  runbook: string,
  forSeconds: number,
  accepted: number[],
): Promise<Map<string, number>> {
  const jobs = new Map<string, number>();
  const before = await endedJobs(client);
  let ended = 0;
  let count = 0;
  let watching = true;
  const watch = (async () => {
    while (watching || ended < jobs.size) {
      await delay(100);
      ended = (await endedJobs(client)) - before;
    }
  })();
  const end = performance.now() + forSeconds * 1000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        if (count - ended > mostOpen) {
          await delay(10);
          continue;
        }
        const number = ++count;
        const start = performance.now();
        const { jobId } = await client.start(runbook, { name: `job ${number}`, count: number });
        accepted.push(performance.now() - start);
        jobs.set(jobId, number);
      }
    }),
  );
  watching = false;
  await watch;
  return jobs;
}

/** Of the service's metrics. */
async function endedJobs(client: Client): Promise<number> {
  const response = await client.open("GET", "/metrics");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk as string;
  return [...text.matchAll(/^runsmith_jobs_ended_total\{[^}]*\} (\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
}

async function check(
  client: Client,
  runbook: string,
  jobs: ReadonlyMap<string, number>,
): Promise<Pick<Measured, "wrong" | "example">> {
  let wrong = 0;
  let example = "";
  let seen = 0;
  let after: string | null = null;
  const note = (text: string): void => {
    wrong++;
    if (example === "") example = text;
  };
  do {
    const path = `/api/jobs?runbook=${runbook}&limit=100${after === null ? "" : `&after=${encodeURIComponent(after)}`}`;
    const page: Page<JobResource> = await client.call("GET", path);
    await Promise.all(
      page.items.map(async (job) => {
        const number = jobs.get(job.jobId);
        if (number === undefined) return;
        seen++;
        const { items } = await client.call<Page<JobStreamRecord>>("GET", `/api/jobs/${job.jobId}/records?limit=100`);
        const problem = problemOf(job, items, number);
        if (problem !== null) note(`job ${job.jobId}: ${problem}`);
      }),
    );
    after = seen === jobs.size ? null : page.next;
  } while (after !== null);
  if (seen !== jobs.size) note(`${jobs.size - seen} jobs are not in the list`);
  return { wrong, example };
}

function problemOf(job: JobResource, records: JobStreamRecord[], number: number): string | null {
  const name = `job ${number}`;
  const given = { name: job.parameters["name"], count: job.parameters["count"] };
  const expected = { name, count: number };
  const result = job.runbookKind === "TypeScript" ? job.result : records.at(-1)?.value;
  if (job.status !== "Completed") return `it is ${job.status}: ${job.exception?.message ?? job.statusReason ?? ""}`;
  if (job.isolation !== "runbook") return `its isolation was ${job.isolation}`;
  if (!same(given, expected)) return `it has the parameters ${JSON.stringify(given)}`;
  if (!same(result, expected)) return `its result is ${JSON.stringify(result)}`;
  if (records.length !== recordsOfJob) return `it has ${records.length} records`;
  for (const [index, record] of records.entries()) {
    if (record.number !== index + 1) return `record ${index + 1} has the number ${record.number}`;
    const last = index === recordsOfJob - 1;
    if (!last && record.text !== `line ${index + 1} of ${name}`) return `record ${index + 1} is ${record.text}`;
  }
  return null;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function bareRunsPerSecond(command: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "runsmith-bench-"));
  try {
    const [script, loop] = [join(folder, "script.ps1"), join(folder, "loop.ps1")];
    await writeFile(script, powershell);
    await writeFile(loop, bareLoop);
    const loops = Array.from({ length: availableParallelism() }, () => bareRuns(command, loop, script));
    return (await Promise.all(loops)).reduce((sum, rate) => sum + rate, 0);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function bareRuns(command: string, loop: string, script: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = ["-NoProfile", "-NonInteractive", "-File", loop, script, String(referenceSeconds)];
    const child = spawn(command, options, {
      env: {
        PATH: "/usr/bin:/bin",
        HOME: tmpdir(),
        POWERSHELL_TELEMETRY_OPTOUT: "1",
        DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1",
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      const rate = Number(output.trim());
      if (code === 0 && rate > 0) resolve(rate);
      else reject(new Error(`the bare loop ended with ${code}: ${output}`));
    });
  });
}
