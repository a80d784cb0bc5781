import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestWorker, type TestWorker } from "./testing/test-worker.ts";

describe("a worker", () => {
  let test: TestWorker;
  before(async () => {
    test = await startTestWorker({ slots: 2 });
  });
  after(() => test.close());

  it("runs a job to its end and tells its records in order", async () => {
    const attempt = test.service.run(
      "export default async ({ name }) => { console.log('hello', name); console.warn('careful'); return 42 }",
      { parameters: { name: "world" } },
    );
    const end = await test.service.endOf(attempt);
    assert.equal(end.outcome, "Completed");
    assert.equal(end.reason, "script");
    assert.equal(end.result, 42);
    assert.deepEqual(
      test.service.recordsOf(attempt).map(({ number, stream, text }) => ({ number, stream, text })),
      [
        { number: 1, stream: "Output", text: "hello world" },
        { number: 2, stream: "Warning", text: "careful" },
        { number: 3, stream: "Output", text: "42" },
      ],
    );
    const stages = test.service.controlFrames.flatMap((frame) =>
      frame.type === "job-progress" && frame.jobId === attempt.jobId ? [frame.stage] : [],
    );
    assert.deepEqual(stages, ["host-ready", "running"]);
  });
});
