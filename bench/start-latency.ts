import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "./support/client.ts";
import { type Figure, figure, percentile, report } from "./support/figures.ts";
import { pwshOrNull, timeBareProcess } from "./support/reference.ts";
import { startSystem } from "./support/system.ts";

/*
 * From the moment a start request is sent to the first Output record at its sender, who asked for the job's events (as
 * `start-runbook --follow` does), against the first byte of the same script in a bare, cold process. Open loop: requests leave on the beat,
 * whether the former one is answered or not. References run in the gaps, so that both see the same machine.
 *
 * The bursts need a system that has idled for a minute: a second one, started first and left alone meanwhile.
 */

const bench = "start-latency";
const typescriptText = 'export default function () {\n  console.log("hello");\n}\n';
const powershellText = "'hello'\n";
const workflowText = "workflow bench-workflow {\n  'hello'\n}\n";

const pwsh = await pwshOrNull();
const folder = await mkdtemp(join(tmpdir(), "runsmith-bench-"));
const figures: Figure[] = [];
const idling = await startSystem();
const idlingSince = performance.now();
const system = await startSystem().catch(async (error: unknown) => {
  await idling.stop();
  throw error;
});
const client = new Client(system.url, system.token);
const idlingClient = new Client(idling.url, idling.token);
try {
  await writeFile(join(folder, "hello.mjs"), 'console.log("hello");\n');
  await writeFile(join(folder, "hello.ps1"), powershellText);
  for (const each of [client, idlingClient]) {
    await each.publish("bench-typescript", "TypeScript", typescriptText);
    await each.publish("bench-typescript-first", "TypeScript", `/** @needs path:/var/tmp */\n${typescriptText}`);
    if (pwsh === null) continue;
    await each.publish("bench-powershell", "PowerShell", powershellText);
    await each.publish("bench-workflow", "PowerShellWorkflow", workflowText);
    await each.publish("bench-powershell-first", "PowerShell", `#Needs path:/var/tmp\n${powershellText}`);
  }
  await delay(2000);

  const coldNode = () => timeBareProcess(process.execPath, [join(folder, "hello.mjs")]);
  const coldPwsh = () =>
    timeBareProcess(pwsh ?? "", ["-NoProfile", "-NonInteractive", "-File", join(folder, "hello.ps1")]);
  const references = new Map<string, number>();

  const typescript = await openLoop("bench-typescript", 200, 100, coldNode, 10);
  tell("typescript", typescript, 1 / 6, 1 / 2);
  if (pwsh !== null) {
    tell("powershell", await openLoop("bench-powershell", 40, 1000, coldPwsh, 1), 1 / 12, 1 / 3);
    // No other program runs workflows on PowerShell 7: the reference is a script that says the same.
    tell("workflow", await openLoop("bench-workflow", 15, 1000, coldPwsh, 3), 1 / 3, 1 / 2);
  }

  await delay(Math.max(0, 61_000 - (performance.now() - idlingSince)));
  await burst("typescript", "bench-typescript", 20);
  if (pwsh !== null) await burst("powershell", "bench-powershell", 4);
  await first("typescript", "bench-typescript-first");
  if (pwsh !== null) await first("powershell", "bench-powershell-first");

  function tell(
    name: string,
    { samples, cold }: { samples: number[]; cold: number[] },
    p50: number,
    p95: number,
  ): void {
    references.set(name, percentile(cold, 0.5));
    figures.push(
      figure(bench, name, "p50", "ms", percentile(samples, 0.5), percentile(cold, 0.5), { of: "ratio", atMost: p50 }),
      figure(bench, name, "p95", "ms", percentile(samples, 0.95), percentile(cold, 0.95), { of: "ratio", atMost: p95 }),
      figure(bench, name, "p99", "ms", percentile(samples, 0.99), percentile(cold, 0.99)),
    );
  }

  async function burst(name: string, runbook: string, jobs: number): Promise<void> {
    const samples = await Promise.all(Array.from({ length: jobs }, () => firstOutput(idlingClient, runbook)));
    const reference = references.get(name) ?? null;
    figures.push(figure(bench, `${name} burst of ${jobs}`, "p50", "ms", percentile(samples, 0.5), reference));
    figures.push(figure(bench, `${name} burst of ${jobs}`, "slowest", "ms", Math.max(...samples), reference));
  }

  async function first(name: string, runbook: string): Promise<void> {
    const reference = references.get(name) ?? null;
    figures.push(figure(bench, `${name} first`, "first output", "ms", await firstOutput(client, runbook), reference));
  }
} finally {
  client.close();
  idlingClient.close();
  await system.stop();
  await idling.stop();
  await rm(folder, { recursive: true });
}
report(figures);

/** Milliseconds from sending the request to the first Output record. */
async function firstOutput(from: Client, runbook: string): Promise<number> {
  const start = performance.now();
  let latency = Number.NaN;
  const status = await from.startAndFollow(runbook, ({ stream }) => {
    if (stream === "Output" && Number.isNaN(latency)) latency = performance.now() - start;
    return false;
  });
  if (Number.isNaN(latency)) throw new Error(`a job of ${runbook} ended as ${status} without output`);
  return latency;
}

/** Starts jobs on the beat; after every `each` beats one beat's time goes to a reference in a cold process. */
async function openLoop(
  runbook: string,
  jobs: number,
  beat: number,
  reference: () => Promise<{ firstByte: number }>,
  each: number,
) {
  const running: Promise<number>[] = [];
  const cold: number[] = [];
  let next = performance.now();
  for (let started = 0; started < jobs; started++) {
    await delay(Math.max(0, next - performance.now()));
    running.push(firstOutput(client, runbook));
    next += beat;
    if ((started + 1) % each !== 0) continue;
    await delay(beat / 2);
    cold.push((await reference()).firstByte);
    if (each > 1) next = performance.now() + beat / 2;
  }
  return { samples: await Promise.all(running), cold };
}
