import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Installation } from "../support/installation.ts";
import { broken, examineHistory } from "../support/job-invariants.ts";
import { eventually } from "../support/processes.ts";
import { skipUnless } from "../support/requires.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { counting } from "./counting.ts";

const mebibyte = 1024 ** 2;
const notPossible = SmallDisk.possible();
const needs = notPossible === null ? skipUnless("bubblewrap") : { skip: notPossible };

describe("a disk that fills while jobs stream", needs, () => {
  test("stops the acceptance of jobs, lets small jobs end, holds large ones, and all goes on when space is free", async () => {
    const accepted: string[] = [];
    await using folder = await temporaryFolder();
    using disk = new SmallDisk(join(folder.path, "disk"), "256m");
    const dataDirectory = join(disk.path, "data");
    await using installation = await Installation.start({ dataDirectory, server: ["--low-disk", "20MiB"] });
    const { client } = installation;
    await installation.startWorker();
    await client.import("count", "TypeScript", counting);
    const { jobId: small } = await client.start("count", { lines: 100, pace: 50 });
    const { jobId: large } = await client.start("count", { lines: 2_000, pace: 4, width: 20_000 });
    disk.fill(30 * mebibyte);

    const refused = await eventually(async () => {
      const answer = await client.call<{ type: string; detail: string; remedy: string }>("POST", "/api/jobs", {
        runbook: "count",
        parameters: { lines: 1, pace: 0 },
      });
      if (answer.status === 507) return answer.body;
      const { jobId } = answer.body as unknown as { jobId: string };
      accepted.push(jobId);
      return undefined;
    }, "a refusal");
    assert.equal(refused.type, "storage-low");
    assert.match(`${refused.detail} ${refused.remedy}`, /disk.*full.*Free space/s);
    await eventually(() => /storage is low/.test(installation.server.errors()), "the server's word in its log");
    assert.equal((await client.ended(small)).status, "Completed");
    assert.ok(disk.free > 0, "large output is held back before the disk is full to the last byte");
    assert.equal((await client.job(large)).status, "Running");

    disk.empty();
    assert.equal((await client.ended(large)).status, "Completed");
    const again = await eventually(async () => {
      const answer = await client.call<{ jobId: string }>("POST", "/api/jobs", {
        runbook: "count",
        parameters: { lines: 1, pace: 0 },
      });
      return answer.status === 201 && answer.body.jobId;
    }, "jobs to be accepted again");
    assert.equal((await client.ended(again)).status, "Completed");
    await installation.stop();
    assert.deepEqual(broken(examineHistory(dataDirectory, [...accepted, small, large, again])), {});
  });

  test("that is full to the last byte breaks nothing: every accepted job ends truthfully when space is free", async () => {
    const filled: string[] = [];
    await using folder = await temporaryFolder();
    using disk = new SmallDisk(join(folder.path, "disk"), "128m");
    const dataDirectory = join(disk.path, "data");
    await using installation = await Installation.start({
      dataDirectory,
      server: ["--low-disk", "1KiB", "--lease", "6s"],
    });
    const { client } = installation;
    await installation.startWorker();
    await client.import("count", "TypeScript", counting);
    const started = [
      await client.start("count", { lines: 300, pace: 20, width: 2_000 }),
      await client.start("count", { lines: 300, pace: 20, width: 2_000 }),
    ];
    for (const { jobId } of started) await client.until(jobId, ({ recordCount }) => recordCount > 10, "streaming");
    disk.fill(0);
    const refused = await eventually(async () => {
      disk.fill(0);
      const answer = await client.call<{ detail: string; jobId?: string }>("POST", "/api/jobs", {
        runbook: "count",
        parameters: { lines: 1, pace: 0 },
      });
      if (answer.status === 201) filled.push(answer.body.jobId ?? "");
      return answer.status !== 201 && answer;
    }, "a refusal");
    assert.equal(refused.status, 507, JSON.stringify(refused.body));
    assert.match(refused.body.detail, /full/);
    await eventually(
      () => /full|could not be stored/.test(installation.server.errors()),
      "the server's word in its log",
    );
    assert.equal((await client.call("GET", "/healthz")).status, 200);

    disk.empty();
    for (const { jobId } of started) {
      const job = await client.ended(jobId);
      const told = JSON.stringify([job.status, job.statusReason, job.exception]);
      // While nothing could be stored, the lease could not be renewed either.
      assert.ok(job.status === "Completed" || (job.status === "Failed" && /lease|heartbeat/i.test(told)), told);
    }
    const { jobId: again } = await client.start("count", { lines: 10, pace: 0 });
    assert.equal((await client.ended(again)).status, "Completed");
    for (const jobId of filled) await client.ended(jobId);
    await installation.stop();
    const all = [...started.map(({ jobId }) => jobId), again, ...filled];
    assert.deepEqual(broken(examineHistory(dataDirectory, all)), {});
  });
});
