import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { AttemptReference } from "../../src/contract/link/control-frames.ts";
import type { TestWorker } from "../testing/test-worker.ts";
import { startTestWorker } from "../testing/test-worker.ts";

describe("a worker that is handed two attempts of one job", () => {
  let test: TestWorker;
  before(async () => {
    test = await startTestWorker({ slots: 3 });
  });
  after(() => test.close());

  const waiting =
    "console.log('here'); export default () => new Promise((resolve) => setTimeout(() => resolve('over'), 300))";

  it("lets the newer one run on when the older one comes late", async () => {
    const jobId = randomUUID();
    const newer = test.service.run(waiting, { jobId, attempt: 2 });
    await test.service.until(() => test.service.recordsOf(newer).length > 0, "its first record");
    const older = test.service.run("console.log('stale'); export default () => 1", { jobId, attempt: 1 });
    assert.equal((await test.service.endOf(newer)).result, "over");
    assert.deepEqual(test.service.recordsOf(older), []);
  });

  it("ends the older one when a newer one comes", async () => {
    const jobId = randomUUID();
    const older = test.service.run(waiting, { jobId, attempt: 1 });
    await test.service.until(() => test.service.recordsOf(older).length > 0, "its first record");
    const newer = test.service.run(waiting, { jobId, attempt: 2 });
    assert.equal((await test.service.endOf(newer)).result, "over");
    assert.equal(test.service.ends.size, 2, "the older one told no end");
  });
});

describe("a worker whose lease has lapsed", () => {
  let test: TestWorker;
  before(async () => {
    test = await startTestWorker({ slots: 2 }, (service) => {
      service.leaseDuration = 3_000;
    });
  });
  after(() => test.close());

  const isDeclined = ({ jobId }: AttemptReference) =>
    test.service.controlFrames.some((frame) => frame.type === "job-declined" && frame.jobId === jobId);

  it("starts no job over the link that still stands, gives back the one that waits for its script, and takes jobs again with its next lease", async () => {
    const running = test.service.run("console.log('here'); setInterval(() => {}, 1000)");
    await test.service.until(() => test.service.recordsOf(running).length > 0, "its first record");
    const scriptHash = "b".repeat(64);
    const scriptless = test.service.run("", { script: null, scriptHash });
    test.service.acknowledgesHeartbeats = false;
    // The service does answer, so the worker has no reason to make another link.
    const chatter = setInterval(
      () => test.service.send({ type: "script", scriptHash: "c".repeat(64), script: "" }),
      100,
    );
    try {
      assert.equal((await test.service.endOf(running)).exception?.name, "LeaseLost");
      await test.service.until(() => isDeclined(scriptless), "the job without a script to be declined");
      test.service.send({ type: "script", scriptHash, script: "console.log('too late')" });
      const late = test.service.run("console.log('too late')");
      await test.service.until(
        () => isDeclined(late) || test.service.ends.has(`${late.jobId}/1`),
        "what becomes of it",
      );
      assert.ok(isDeclined(late));
      test.service.acknowledgesHeartbeats = true;
      const heartbeats = () => test.service.controlFrames.filter(({ type }) => type === "heartbeat").length;
      const before = heartbeats();
      await test.service.until(() => heartbeats() > before + 1, "a heartbeat that was acknowledged");
      const next = test.service.run("export default () => 'taken'");
      assert.equal((await test.service.endOf(next)).result, "taken");
      assert.deepEqual(
        [scriptless, late].flatMap((attempt) => test.service.recordsOf(attempt)),
        [],
      );
      assert.equal(test.service.hellos.length, 1, "all of it over one link");
    } finally {
      clearInterval(chatter);
    }
  });
});
