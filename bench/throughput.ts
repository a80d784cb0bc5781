import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunbookKind } from "../src/contract/runbook-kind.ts";
import { Client } from "./support/client.ts";
import { type Figure, figure, report } from "./support/figures.ts";
import { pwshOrNull } from "./support/reference.ts";
import { startSystem } from "./support/system.ts";

/*
 * Jobs a second, each in a sandboxed process of its own, against a bare loop of bubblewrap and the runtime over the
 * same script at the same concurrency. Both take turns in short rounds, so that they see the same machine.
 */

const bench = "throughput";
const concurrency = 4;
const lines = 20;
const rounds = 3;
const roundSeconds = 6;

const pwsh = await pwshOrNull();
const folder = await mkdtemp(join(tmpdir(), "runsmith-bench-"));
const figures: Figure[] = [];
const system = await startSystem(["--slots", String(concurrency)]);
const client = new Client(system.url, system.token, 64);
try {
  const typescript = `for (let line = 1; line <= ${lines}; line++) console.log(\`line \${line}\`);\n`;
  const powershell = `1..${lines} | ForEach-Object { "line $_" }\n`;
  await writeFile(join(folder, "script.mjs"), typescript);
  await writeFile(join(folder, "script.ps1"), powershell);
  await client.publish("bench-typescript", "TypeScript", `export default function () {\n${typescript}}\n`);
  await compare("typescript", "bench-typescript", "TypeScript", [process.execPath, "/job/script.mjs"]);
  if (pwsh !== null) {
    await client.publish("bench-powershell", "PowerShell", powershell);
    await compare("powershell", "bench-powershell", "PowerShell", [
      pwsh,
      "-NoProfile",
      "-NonInteractive",
      "-File",
      "/job/script.ps1",
    ]);
  }
} finally {
  client.close();
  await system.stop();
  await rm(folder, { recursive: true });
}
report(figures);

async function compare(name: string, runbook: string, kind: RunbookKind, command: string[]): Promise<void> {
  const jobs: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await perSecond(() => runBare(command)));
    jobs.push(await perSecond(() => runJob(runbook)));
  }
  const total = (rates: number[]) => rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  figures.push(figure(bench, name, `${kind} jobs`, "jobs/s", total(jobs), total(bare), { of: "ratio", atLeast: 0.85 }));
}

/** Keeps `concurrency` runs going for a round; a run that is still going at its end counts by its share. */
async function perSecond(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  const end = start + roundSeconds * 1000;
  let completed = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < end) {
        await run();
        completed++;
      }
    }),
  );
  return completed / ((performance.now() - start) / 1000);
}

async function runJob(runbook: string): Promise<void> {
  let output = 0;
  const status = await client.startAndFollow(runbook, ({ stream }) => {
    if (stream === "Output") output++;
    return false;
  });
  if (status !== "Completed" || output !== lines) throw new Error(`a job: ${status} with ${output} lines`);
}

/** The sandbox of a job without anything around it: the same flags, no worker, no service. */
function runBare(command: string[]): Promise<void> {
  const sandbox = [
    ..."--unshare-all --unshare-user --uid 65534 --gid 65534 --new-session --die-with-parent --cap-drop ALL --clearenv".split(
      " ",
    ),
    ..."--setenv PATH /usr/bin:/bin --setenv HOME /tmp --setenv POWERSHELL_TELEMETRY_OPTOUT 1".split(" "),
    ..."--ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 --symlink usr/bin /bin".split(" "),
    ..."--ro-bind /etc/ssl /etc/ssl --ro-bind /etc/passwd /etc/passwd --proc /proc --dev /dev".split(" "),
    ..."--size 67108864 --tmpfs /tmp --chdir /tmp --hostname job".split(" "),
    ...["--ro-bind", folder, "/job", "--ro-bind-try", "/opt", "/opt", "--ro-bind", process.execPath, process.execPath],
  ];
  return new Promise((resolve, reject) => {
    const child = spawn("bwrap", [...sandbox, ...command], { env: {}, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0 && output.trimEnd().split("\n").length === lines) resolve();
      else reject(new Error(`the bare run ended with ${code}`));
    });
  });
}
