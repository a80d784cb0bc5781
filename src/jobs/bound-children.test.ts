import assert from "node:assert/strict";
import { test } from "node:test";
import { v7 as newId } from "uuid";
import type { TestService } from "./testing.ts";
import { startService, TestWorker, temporaryData } from "./testing.ts";

async function startChild(service: TestService, parentJobId: string): Promise<string> {
  const parent = { jobId: parentJobId, callId: newId(), stopsWithParent: true };
  const { job } = await service.jobs.startJob({ runbook: "child", startedBy: "ann", parent });
  return job.jobId;
}

test("what a job started to be stopped with it is stopped as the job fails, down to what its children started", async (t) => {
  // One that does not lead does not sweep.
  const service = await startService(t, { leadership: { leads: false } });
  await service.addRunbook("parent");
  await service.addRunbook("child");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("parent");
  const frame = await worker.next("run-job");
  worker.begin(frame);
  await service.until(jobId, "Running");
  await service.jobs.holdDispatch({ scope: "all", reason: "", heldBy: "ann" });
  const child = await startChild(service, jobId);
  const grandchild = await startChild(service, child);
  worker.end(frame, { outcome: "Failed", exitCode: 1 });
  await service.until(jobId, "Failed");
  for (const stopped of [child, grandchild]) {
    assert.equal((await service.until(stopped, "Stopped")).statusReason, "stopped by the job that started it");
  }
});

test("what a killed service did not stop with its parent, the next service stops", async (t) => {
  const directory = temporaryData(t);
  const first = await startService(t, { directory });
  await first.addRunbook("parent");
  await first.addRunbook("child");
  const { jobId } = await first.start("parent");
  const child = await startChild(first, jobId);
  // The end of the parent is stored, and whoever stored it does nothing more.
  await first.store.write.stopJob({ jobId, requestedBy: "ann", force: false });
  await first.kill();
  const second = await startService(t, { directory });
  await second.until(child, "Stopped");
});
