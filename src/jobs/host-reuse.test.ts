import assert from "node:assert/strict";
import { test } from "node:test";
import { emptySignature } from "../contract/signature.ts";
import { startService, TestWorker } from "./testing.ts";

const [ann, bob] = ["0198c2f0-0000-7000-8000-00000000000a", "0198c2f0-0000-7000-8000-00000000000b"];

test("jobs may share a host only within one version, acting as one principal and, unless callers share, of one starter: the key tells", async (t) => {
  const service = await startService(t);
  const own = await service.addRunbook("own", { isolation: "runbook" });
  await service.addRunbook("callers", { isolation: "runbook", shareCallers: true });
  await service.addRunbook("apart");
  const { token } = await service.newWorker();
  const worker = await TestWorker.connect(t, service, { slots: 20, token });
  const keyOf = async (runbook: string, starterId: string) => {
    const { job } = await service.jobs.startJob({ runbook, startedBy: "somebody", starterId });
    const frame = await worker.next("run-job");
    assert.equal(frame.jobId, job.jobId);
    const isolation = (await service.jobs.getJob(job.jobId)).isolation;
    assert.equal(isolation, frame.reuseKey === null ? "job" : "runbook");
    return frame.reuseKey;
  };
  const key = await keyOf("own", ann);
  assert.notEqual(key, null);
  assert.equal(await keyOf("own", ann), key);
  assert.notEqual(await keyOf("own", bob), key);
  const shared = await keyOf("callers", ann);
  assert.equal(await keyOf("callers", bob), shared);
  assert.notEqual(shared, key);
  assert.equal(await keyOf("apart", ann), null);

  const { principalId } = await service.store.write.createPrincipal({ kind: "group", name: "crew", roles: [] });
  await service.store.write.changeRunbook({ runbook: own, settings: {}, runAs: principalId, changedBy: "ann" });
  service.jobs.forgetRunbook(own);
  const asCrew = await keyOf("own", ann);
  assert.notEqual(asCrew, key, "it acts as somebody else");
  assert.equal(await keyOf("own", ann), asCrew);

  const script = "export default () => 'another text';";
  const analysis = { signature: emptySignature, needs: [], problems: [], synopsis: "", executable: script };
  await service.store.write.saveDraft({
    runbook: own,
    kind: "TypeScript",
    source: Buffer.from(script),
    analysis,
    changedBy: "ann",
  });
  await service.store.write.publishRunbook({ runbook: own, changedBy: "ann" });
  service.jobs.forgetRunbook(own);
  assert.notEqual(await keyOf("own", ann), key);
});

test("a later change of the setting does not reach a job that is accepted", async (t) => {
  const service = await startService(t);
  const runbook = await service.addRunbook("changing", { isolation: "runbook" });
  const { job } = await service.jobs.startJob({ runbook, startedBy: "ann", starterId: ann });
  await service.store.write.changeRunbook({ runbook, settings: { isolation: "job" }, changedBy: "ann" });
  const { token } = await service.newWorker();
  const worker = await TestWorker.connect(t, service, { token });
  assert.notEqual((await worker.next("run-job")).reuseKey, null);
  assert.equal((await service.jobs.getJob(job.jobId)).isolation, "runbook");
});
