import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionOfTestDatabase, dropTestDatabases, takeTestDatabase } from "../src/store/testing/test-database.ts";
import { counting } from "./faults/counting.ts";
import { ApiClient } from "./support/api-client.ts";
import { Installation } from "./support/installation.ts";
import { broken, examineJobs } from "./support/job-invariants.ts";
import { mssqlHistory } from "./support/mssql-history.ts";
import { eventually } from "./support/processes.ts";
import { skipUnless } from "./support/requires.ts";

const lines = 150;

test(
  "when a service is killed its worker goes on at another one with the jobs it has; no record is lost or doubled, and readers there see them",
  skipUnless("mssql", "bubblewrap"),
  async () => {
    const database = await takeTestDatabase();
    try {
      await using installation = await Installation.start({ databaseUrls: [database.url, database.url] });
      const [one = "", other = ""] = installation.serviceUrls;
      const { client } = installation;
      await client.import("count", "TypeScript", counting, { attempts: 1 });
      const worker = await installation.startWorker({ servers: [one, other], arguments: ["--slots", "4"] });
      const jobs = await Promise.all(Array.from({ length: 3 }, () => client.start("count", { lines, pace: 100 })));
      const ids = jobs.map(({ jobId }) => jobId);
      const reader = new Reader(new ApiClient(other, client.token), ids[0] ?? "");
      await reader.until(20);

      await installation.killServer(0);
      const atKill = reader.lines.length;
      await reader.until(atKill + 20);
      await eventually(() => reader.isOver, "the end of the job", 120_000);
      assert.deepEqual(
        reader.lines,
        Array.from({ length: lines }, (_, index) => `line ${index + 1} of ${lines}`),
      );
      for (const id of ids) {
        await eventually(async () => (await client.job(id)).status === "Completed", `the end of ${id}`, 120_000);
        assert.equal((await client.job(id)).attempt, 1);
      }
      assert.ok(worker.processId > 0);
      await installation.restartServer(0);
      await installation.stop();
      const history = await mssqlHistory(connectionOfTestDatabase(database.url));
      assert.deepEqual(broken(examineJobs(history, ids)), {});
    } finally {
      await dropTestDatabases();
    }
  },
);

/** Follows a job's output as server-sent events. */
class Reader {
  readonly lines: string[] = [];
  isOver = false;

  constructor(client: ApiClient, jobId: string) {
    void this.#read(client, jobId);
  }

  /** Resolves when it has read so many lines. */
  async until(count: number): Promise<void> {
    await eventually(() => this.lines.length >= count, `${count} lines`, 120_000);
  }

  async #read(client: ApiClient, jobId: string): Promise<void> {
    const answer = await fetch(`${client.url}/api/events?topics=job:${jobId}`, {
      headers: { authorization: `Bearer ${client.token}` },
    });
    let rest = "";
    for await (const chunk of answer.body ?? []) {
      const events = (rest + Buffer.from(chunk).toString("utf8")).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) this.#take(event);
      if (this.isOver) return;
    }
  }

  #take(event: string): void {
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data === undefined) return;
    const { stream, text, status } = JSON.parse(data) as { stream?: string; text?: string; status?: string };
    if (stream === "Output" && text !== undefined) this.lines.push(text);
    if (status === "Completed" || status === "Failed" || status === "Stopped") this.isOver = true;
  }
}
