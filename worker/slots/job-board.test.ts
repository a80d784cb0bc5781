import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
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
