import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChangedJob } from "../store/operations/changes.ts";
import type { Store } from "../store/store.ts";
import { startService, TestWorker } from "./testing.ts";

type Writes = Store["write"];
type Claim = Writes["claimJobs"];

/** The store, with claims whose answers a test withholds. */
function withClaims(store: Store, claimJobs: (claim: Claim) => Claim): Store {
  return withWrite(store, "claimJobs", claimJobs);
}

/** The store, with another way to do one of its writes. */
function withWrite<Name extends keyof Writes>(
  store: Store,
  name: Name,
  change: (original: Writes[Name]) => Writes[Name],
): Store {
  const write = new Proxy(store.write, {
    get: (target, property, receiver) =>
      property === name ? change(target[name]) : (Reflect.get(target, property, receiver) as unknown),
  });
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = name === "write" ? write : Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A service whose next claim that gives a job is answered when `answer` is called; `claimed` resolves with its job. */
async function serviceWithLateAnswer(t: Parameters<typeof startService>[0]) {
  const claimed = Promise.withResolvers<string>();
  const answer = Promise.withResolvers<void>();
  const service = await startService(t, {
    orphanPatience: 20,
    wrapStore: (store) =>
      withClaims(store, (claim) => async (of) => {
        const result = await claim(of);
        const [job] = result.claimed;
        if (job !== undefined) {
          claimed.resolve(job.jobId);
          await answer.promise;
        }
        return result;
      }),
  });
  t.after(() => answer.resolve());
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  return { service, worker, claimed: claimed.promise, answer: () => answer.resolve() };
}

test("jobs of a claim whose answer never comes are run all the same, by another attempt", async (t) => {
  let lost = 0;
  const service = await startService(t, {
    orphanPatience: 20,
    wrapStore: (store) =>
      withClaims(store, (claim) => async (of) => {
        const result = await claim(of);
        if (result.claimed.length > 0 && lost === 0) {
          lost += 1;
          throw new Error("the connection broke");
        }
        return result;
      }),
  });
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  assert.deepEqual([lost, job.jobId, job.attempt], [1, jobId, 2]);
  worker.end(job);
  await service.until(jobId, "Completed");
  const { items } = await service.jobs.listAttempts(jobId);
  assert.deepEqual(
    items.map(({ outcome }) => outcome),
    ["Declined", "Completed"],
  );
});

test("a job whose claim is answered late is not taken back meanwhile", async (t) => {
  const { service, worker, claimed, answer } = await serviceWithLateAnswer(t);
  const { jobId } = await service.start("hello");
  await claimed;
  // Many looks of the duty that takes back what nobody has.
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await service.jobs.getJob(jobId)).status, "Activating");
  answer();
  const job = await worker.next("run-job");
  assert.equal(job.attempt, 1);
  worker.end(job);
  await service.until(jobId, "Completed");
});

test("an attempt that is silent for long, while its host starts, is not taken back", async (t) => {
  const service = await startService(t, { orphanPatience: 20 });
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  await new Promise((resolve) => setTimeout(resolve, 300));
  worker.end(job);
  assert.equal((await service.until(jobId, "Completed")).attempt, 1);
});

test("a service that stops hands over what it was claiming: the job needs no further attempt", async (t) => {
  const { service, worker, claimed, answer } = await serviceWithLateAnswer(t);
  const { jobId } = await service.start("hello");
  await claimed;
  const stopped = service.stop();
  setTimeout(answer, 100);
  const job = await worker.next("run-job");
  assert.deepEqual([job.jobId, job.attempt], [jobId, 1]);
  await stopped;
});

test("a stop that comes between a claim and its answer reaches the worker", async (t) => {
  const { service, worker, claimed, answer } = await serviceWithLateAnswer(t);
  const { jobId } = await service.start("hello");
  await claimed;
  await service.jobs.stopJob({ jobId, requestedBy: "ann" });
  answer();
  const job = await worker.next("run-job");
  const stop = await worker.next("stop-job");
  assert.deepEqual([stop.jobId, stop.attempt, stop.reason], [jobId, job.attempt, "stopped by ann"]);
});

test("a stop that another service was asked for, before the claim's answer was here, reaches the worker", async (t) => {
  const { service, worker, claimed, answer } = await serviceWithLateAnswer(t);
  const { jobId } = await service.start("hello");
  await claimed;
  const seen: ChangedJob = {
    ...{ jobId, status: "Stopping", parked: false, attempt: 1, recordCount: 0, placementId: jobId, hostKind: "node" },
    workerId: worker.welcome?.workerId ?? "",
    stop: { reason: "stopped by bob", force: true },
  };
  service.jobs.changedElsewhere([seen]);
  answer();
  await worker.next("run-job");
  assert.deepEqual(await worker.next("stop-job"), {
    ...{ type: "stop-job", jobId, attempt: 1, reason: "stopped by bob", force: true },
  });
});

test("the stream of a start whose acceptance had to be looked up begins with the job as it stands", async (t) => {
  const service = await startService(t, {
    wrapStore: (store) =>
      withWrite(store, "acceptJob", (accept) => async (job) => {
        const accepted = await accept(job);
        // As over SQL Server when the answer to the commit was lost: what it did to others is told by the change feed.
        const effects = { changedJobs: [], queued: [], overAttempts: [], stops: [], ended: [] };
        return accepted.outcome === "accepted" ? { ...accepted, repeated: true, effects } : accepted;
      }),
  });
  await service.addRunbook("hello");
  const stop = new AbortController();
  const { job, feed } = await service.jobs.startAndFollow({ runbook: "hello", startedBy: "ann" }, stop.signal);
  const first = await feed.next();
  stop.abort();
  assert.deepEqual(
    first.value?.map((event) => event.type === "job" && [event.job.jobId, event.job.status]),
    [[job.jobId, "New"]],
  );
});
