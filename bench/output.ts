import { createHash } from "node:crypto";
import { Client } from "./support/client.ts";
import { figure, percentile, report } from "./support/figures.ts";
import { startSystem } from "./support/system.ts";

/*
 * How long a line takes from the script to a reader of the event stream at 1,000 lines a second (both read the
 * machine's monotonic clock), and whether 50 MiB arrive whole, in order and once.
 */

const bench = "output";
const seconds = 10;
const lines = 50 * 1024;

const paced = `import { setTimeout as delay } from "node:timers/promises";
export default async function () {
  const start = performance.now();
  for (let line = 0; line < ${seconds * 1000}; line++) {
    const wait = start + line - performance.now();
    if (wait > 0) await delay(wait);
    console.log(String(process.hrtime.bigint()));
  }
}
`;
const flood = `export default function () {
  for (let line = 0; line < ${lines}; line++) console.log(String(line).padStart(8, "0").padEnd(1023, "x"));
}
`;

const system = await startSystem();
const client = new Client(system.url, system.token);
try {
  await client.publish("bench-paced", "TypeScript", paced);
  await client.publish("bench-flood", "TypeScript", flood);

  const latencies: number[] = [];
  await client.follow((await client.start("bench-paced")).jobId, ({ text }) => {
    latencies.push(Number(process.hrtime.bigint() - BigInt(text)) / 1e6);
    return false;
  });
  if (latencies.length !== seconds * 1000) throw new Error(`${latencies.length} of ${seconds * 1000} lines arrived`);

  const start = performance.now();
  const { jobId } = await client.start("bench-flood");
  let live = 0;
  const status = await client.follow(jobId, ({ text }) => {
    if (Number(text.slice(0, 8)) !== live) throw new Error(`line ${live} is missing or doubled`);
    live++;
    return false;
  });
  const elapsed = (performance.now() - start) / 1000;
  const stored = await storedOutput(jobId);
  const whole = status === "Completed" && live === lines && stored === expectedHash();

  report([
    figure(bench, "1,000 lines/s", "p50", "ms", percentile(latencies, 0.5)),
    figure(bench, "1,000 lines/s", "p99", "ms", percentile(latencies, 0.99), null, { of: "value", atMost: 5 }),
    figure(bench, "50 MiB", "lines lost or doubled", "", whole ? 0 : Math.max(1, lines - live), null, {
      of: "value",
      atMost: 0,
    }),
    figure(bench, "50 MiB", "rate", "MiB/s", 50 / elapsed),
  ]);
} finally {
  client.close();
  await system.stop();
}

async function storedOutput(jobId: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await client.open("GET", `/api/jobs/${jobId}/output.txt`)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function expectedHash(): string {
  const hash = createHash("sha256");
  for (let line = 0; line < lines; line++) hash.update(`${String(line).padStart(8, "0").padEnd(1023, "x")}\n`);
  return hash.digest("hex");
}
