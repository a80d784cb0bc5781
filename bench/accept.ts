import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "./support/client.ts";
import { figure, percentile, report } from "./support/figures.ts";
import { startSystem } from "./support/system.ts";

/*
 * Single start requests over 16 connections, parameters checked, each answered only when it is on the disk, while a
 * worker drains the queue. The reference is the same disk's rate of single durable commits by bare SQLite.
 */

const bench = "accept";
const connections = 16;
const seconds = 15;

const script = `export default function ({ host, count, labels }: { host: string; count: number; labels?: string[] }) {
  return { host, count, labels };
}
`;

const system = await startSystem();
const client = new Client(system.url, system.token, connections);
try {
  await client.publish("bench-accept", "TypeScript", script);
  const { durability } = await client.call<{ durability: string }>("GET", "/api/installation");
  const reference = await durableCommits(3);

  const latencies: number[] = [];
  const end = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        const start = performance.now();
        await client.start("bench-accept", { host: "web-1", count: latencies.length, labels: ["a", "b"] });
        latencies.push(performance.now() - start);
      }
    }),
  );
  report([
    figure(bench, "16 connections", "accepted", "jobs/s", latencies.length / seconds, reference, {
      of: "value",
      atLeast: 1500,
    }),
    figure(bench, "16 connections", "p50", "ms", percentile(latencies, 0.5)),
    figure(bench, "16 connections", "p99", "ms", percentile(latencies, 0.99)),
    figure(bench, "durability", `synchronous is ${durability}`, "", durability === "FULL" ? 1 : 0, null, {
      of: "value",
      atLeast: 1,
    }),
  ]);
} finally {
  client.close();
  await system.stop();
}

/** Single-row transactions a second that bare SQLite brings to the disk, one after another. */
async function durableCommits(forSeconds: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "runsmith-bench-"));
  const database = new DatabaseSync(join(folder, "reference.db"));
  database.exec(
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)",
  );
  const insert = database.prepare("INSERT INTO rows (text) VALUES (?)");
  const end = performance.now() + forSeconds * 1000;
  let commits = 0;
  while (performance.now() < end) {
    insert.run("x".repeat(300));
    commits++;
  }
  database.close();
  await rm(folder, { recursive: true });
  return commits / forSeconds;
}
