import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../contract/user-error.ts";
import { newMasterKey, parseMasterKeys } from "../sealing/master-key.ts";
import { KeySealer } from "../sealing/sealer.ts";
import { DatabaseError } from "../store/database-error.ts";
import type { Store } from "../store/store.ts";
import { eventually, startService, TestWorker, temporaryData } from "./testing.ts";

/** Makes one operation of a store fail as often as `isBroken` says so; everything else is the real store. */
function breaking(
  store: Store,
  name: keyof Store["write"],
  isBroken: (argument: unknown) => boolean,
  error = (): Error => new UserError("storage-full", "The disk is full.", { status: 507 }),
): Store {
  const write = new Proxy(store.write, {
    get: (target, property, receiver) => {
      const operation: unknown = Reflect.get(target, property, receiver);
      return property === name && typeof operation === "function"
        ? (argument: unknown) => (isBroken(argument) ? Promise.reject(error()) : operation.call(target, argument))
        : operation;
    },
  });
  return new Proxy(store, {
    get: (target, property) => {
      const value: unknown = property === "write" ? write : Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("while the disk is full nothing is acknowledged, and afterwards no record is lost or doubled", async (t) => {
  let isFull = false;
  const service = await startService(t, { wrapStore: (store) => breaking(store, "appendRecords", () => isFull) });
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  worker.append(job, [1, 2]);
  await worker.nextAnswer();
  isFull = true;
  worker.append(job, [3]);
  worker.append(job, [4, 5]);
  await sleep(100);
  worker.append(job, [6]);
  worker.end(job);
  await sleep(600);
  assert.equal(worker.answers.length, 1);
  isFull = false;
  const ended = await service.until(jobId, "Completed");
  assert.equal(ended.recordCount, 6);
  const { items } = await service.jobs.listRecords({ jobId, limit: 10 });
  assert.deepEqual(
    items.map(({ number }) => number),
    [1, 2, 3, 4, 5, 6],
  );
  await eventually(() => worker.answers.find((answer) => answer.type === "acknowledged" && answer.ended), "an end");
});

test("records are stored before what their attempt wants kept, and its end after both", async (t) => {
  let isFull = true;
  const [key] = parseMasterKeys(newMasterKey(), "the test");
  assert.ok(key !== undefined);
  const keys = { readable: new Map([[key.id, key]]), current: key, retired: new Set<string>() };
  const noAsset = () => Promise.reject(new UserError("asset-not-found", "There is none.", { status: 404 }));
  const service = await startService(t, {
    wrapStore: (store) => breaking(store, "addJobSteps", () => isFull),
    assets: {
      source: { valueForJob: noAsset, setVariableForJob: noAsset },
      sealer: new KeySealer("test", keys, randomBytes(32)),
    },
  });
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const { attempt } = await worker.next("run-job");
  const time = Date.now();
  const entry = { key: "step a 1", kind: "step", name: "a", branch: "", startedAt: time, endedAt: null } as const;
  worker.sendRecords({
    type: "append",
    jobId,
    attempt,
    records: [{ number: 1, stream: "Output", time, text: "before the step" }],
    journal: [{ sequence: 1, entry, shown: { name: "a" } }],
    ended: { outcome: "Failed", reason: "script", endedAt: time },
  });
  assert.equal((await service.until(jobId, "Running")).recordCount, 1);
  assert.deepEqual(worker.answers, []);
  isFull = false;
  assert.equal((await service.until(jobId, "Failed")).recordCount, 1);
  assert.deepEqual(
    (await service.store.read.jobSteps({ jobId, all: true })).map(({ name, endedAt }) => ({ name, endedAt })),
    [{ name: "a", endedAt: null }],
  );
  assert.deepEqual(await worker.nextAnswer(), {
    type: "acknowledged",
    jobId,
    attempt,
    number: 1,
    journal: 1,
    ended: true,
  });
});

test("one attempt's bad data never holds up another's", async (t) => {
  let bad = "";
  const service = await startService(t, {
    wrapStore: (store) =>
      breaking(
        store,
        "appendRecords",
        (of) => (of as { batches: { jobId: string }[] }).batches.some(({ jobId }) => jobId === bad),
        () => new TypeError("cannot store REAL value in INTEGER column jobs.exit_code"),
      ),
  });
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  bad = (await service.start("hello")).jobId;
  const badJob = await worker.next("run-job");
  const good = await service.start("hello");
  const goodJob = await worker.next("run-job");
  worker.append(badJob, [1]);
  worker.append(goodJob, [1]);
  worker.end(badJob);
  worker.append(goodJob, [2]);
  worker.end(goodJob);
  assert.equal((await service.until(good.jobId, "Completed")).recordCount, 2);
  const failed = await service.until(bad, "Failed");
  assert.match(failed.statusReason ?? "", /its worker could not run it: what it sent cannot be stored/);
  await eventually(() => worker.answers.find(({ type, jobId }) => type === "refused" && jobId === bad), "a refusal");
});

test("an error of the database that nobody knows ends no job: its records wait until they can be stored", async (t) => {
  let isAway = true;
  const service = await startService(t, {
    wrapStore: (store) =>
      breaking(
        store,
        "appendRecords",
        () => isAway,
        () => new DatabaseError("The database is in a state that no list has.", false),
      ),
  });
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  worker.append(job, [1]);
  await sleep(100);
  worker.append(job, [2]);
  worker.end(job);
  await sleep(600);
  assert.deepEqual(worker.answers, []);
  isAway = false;
  assert.equal((await service.until(jobId, "Completed")).recordCount, 2);
});

test("a result, an exception and a value that are nested too deeply are left out, and the job ends all the same", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  await worker.next("run-job");
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const record = `{"number":1,"stream":"Output","time":${Date.now()},"text":"x","value":${deep}}`;
  const exception = `{"name":"E","message":"m","cause":${deep}}`;
  const ended = `{"outcome":"Failed","reason":"script","endedAt":0,"result":${deep},"exception":${exception}}`;
  worker.records?.send(`{"type":"append","jobId":"${jobId}","attempt":1,"records":[${record}],"ended":${ended}}`);
  const job = await service.until(jobId, "Failed");
  assert.match(String(job.result), /nested deeper than 64 levels/);
  assert.deepEqual(job.exception, { name: "E", message: "m" });
  const [stored] = (await service.jobs.listRecords({ jobId, limit: 10 })).items;
  assert.deepEqual([stored?.text, stored?.cut, stored?.value], ["x", true, undefined]);
});

test("a stop does not wait for jobs that go on printing", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  await service.start("hello");
  const job = await worker.next("run-job");
  let number = 0;
  const printing = setInterval(() => {
    for (let line = 0; line < 20; line += 1) {
      number += 1;
      worker.append(job, [number]);
    }
  }, 1);
  t.after(() => clearInterval(printing));
  await worker.nextAnswer();
  await service.stop();
  clearInterval(printing);
  const acknowledged = worker.answers.flatMap((answer) => (answer.type === "acknowledged" ? [answer.number] : []));
  assert.ok((acknowledged.at(-1) ?? 0) > 0);
});

test("a job that could not be put back is put back when the store can again", async (t) => {
  let isFull = true;
  const service = await startService(t, { wrapStore: (store) => breaking(store, "putBackJob", () => isFull) });
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  await worker.next("run-job");
  worker.send({ type: "job-declined", jobId, attempt: 1, reason: "no slot" });
  await sleep(50);
  isFull = false;
  assert.equal((await worker.next("run-job")).attempt, 2);
});

test("what a former link brought is kept once: the worker repeats it, and no record is lost or doubled", async (t) => {
  let isFull = true;
  const service = await startService(t, { wrapStore: (store) => breaking(store, "appendRecords", () => isFull) });
  await service.addRunbook("hello");
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  for (let link = 1; link <= 3; link += 1) {
    worker.append(job, numbers(1, 3));
    worker.append(job, numbers(4, 2));
    await sleep(20);
    worker.records?.terminate();
    await worker.openRecords(t, service.url, created.token, created.workerId);
  }
  worker.append(job, numbers(1, 6));
  worker.end(job);
  isFull = false;
  assert.equal((await service.until(jobId, "Completed")).recordCount, 6);
  await eventually(() => worker.answers.find((answer) => answer.type === "acknowledged" && answer.ended), "an end");
});

test("an attempt that was taken away while its text was read is not handed over any more", async (t) => {
  const text = Promise.withResolvers<void>();
  const service = await startService(t, {
    wrapStore: (store) => {
      const read = new Proxy(store.read, {
        get: (target, property, receiver) => {
          const operation: unknown = Reflect.get(target, property, receiver);
          return property === "versionToRun" && typeof operation === "function"
            ? (of: unknown) => text.promise.then(() => operation.call(target, of))
            : operation;
        },
      });
      return new Proxy(store, {
        get: (target, property) => {
          const value: unknown = property === "read" ? read : Reflect.get(target, property);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  });
  await service.addRunbook("hello");
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  const { jobId } = await service.start("hello");
  await service.until(jobId, "Activating");
  const back = await TestWorker.connect(t, service, { ...created, instanceId: worker.instanceId });
  await eventually(() => (worker.closed === undefined ? undefined : true), "the end of the former link");
  for (let look = 0; (await service.jobs.getJob(jobId)).attempt < 2 && look < 500; look += 1) {
    await sleep(5);
  }
  text.resolve();
  assert.equal((await back.next("run-job")).attempt, 2);
  await sleep(50);
  assert.equal(back.runJobs().length, 1);
});

test("a job whose text is gone fails with the reason", async (t) => {
  const service = await startService(t, {
    wrapStore: (store) => {
      const read = new Proxy(store.read, {
        get: (target, property, receiver) =>
          property === "versionToRun" ? () => Promise.resolve(null) : Reflect.get(target, property, receiver),
      });
      return new Proxy(store, {
        get: (target, property) => {
          const value: unknown = property === "read" ? read : Reflect.get(target, property);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  });
  await service.addRunbook("hello");
  await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const job = await service.until(jobId, "Failed");
  assert.match(job.statusReason ?? "", /text of its version is gone/);
});

/** A worker of the storm: runs what it gets, and is lost, frozen or restarted as chance has it. */
class StormyWorker {
  readonly #test: TestContext;
  readonly #token: string;
  readonly #random: (below: number) => number;
  readonly started: { jobId: string; attempt: number }[] = [];
  #instance = 0;

  constructor(t: TestContext, token: string, random: (below: number) => number) {
    this.#test = t;
    this.#token = token;
    this.#random = random;
  }

  async live(url: () => string, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      this.#instance += 1;
      const instanceId = `instance-${this.#instance}`;
      const running = new Map<string, { jobId: string; attempt: number; next: number }>();
      // One process: some connections, until it is killed.
      for (let isAlive = true; isAlive && !isOver(); ) {
        const worker = await this.#connect(url(), instanceId, [...running.values()]);
        if (worker === null) {
          await sleep(20);
          continue;
        }
        const kept = new Set(worker.welcome?.keep.map(({ jobId, attempt }) => `${jobId} ${attempt}`));
        for (const [key, job] of running) {
          if (!kept.has(key)) {
            running.delete(key);
          } else {
            job.next = 1;
          }
        }
        await this.#work(worker, running, isOver);
        worker.terminate();
        isAlive = this.#random(2) === 0;
      }
    }
  }

  async #connect(url: string, instanceId: string, running: { jobId: string; attempt: number }[]) {
    const references = running.map(({ jobId, attempt }) => ({ jobId, attempt }));
    const options = { token: this.#token, instanceId, running: references, slots: 3 };
    const connecting = TestWorker.connect(this.#test, { url }, options).catch(() => null);
    return Promise.race([connecting, sleep(400, null, { ref: false })]);
  }

  async #work(
    worker: TestWorker,
    running: Map<string, { jobId: string; attempt: number; next: number }>,
    isOver: () => boolean,
  ): Promise<void> {
    let seen = 0;
    for (let turn = this.#random(60) + 5; turn > 0 && worker.closed === undefined && !isOver(); turn -= 1) {
      for (const frame of worker.frames.slice(seen)) {
        if (frame.type === "run-job") {
          this.started.push({ jobId: frame.jobId, attempt: frame.attempt });
          running.set(`${frame.jobId} ${frame.attempt}`, { jobId: frame.jobId, attempt: frame.attempt, next: 1 });
        } else if (frame.type === "drop-job") {
          running.delete(`${frame.jobId} ${frame.attempt}`);
        } else if (frame.type === "stop-job") {
          const job = running.get(`${frame.jobId} ${frame.attempt}`);
          if (job !== undefined) {
            worker.append(job, numbers(1, 3));
            worker.end(job, { outcome: "Stopped", reason: "stopped" });
          }
        }
      }
      seen = worker.frames.length;
      for (const [key, job] of running) {
        const choice = this.#random(8);
        if (choice < 3 && job.next < 20) {
          worker.append(job, numbers(job.next, 3));
          job.next += 3;
        } else if (choice === 3) {
          worker.append(job, numbers(1, job.next));
          job.next = Math.max(job.next, job.next + 1);
          worker.end(job);
        }
        if (
          worker.answers.some((answer) => answer.type === "acknowledged" && answer.ended && answer.jobId === job.jobId)
        ) {
          running.delete(key);
        }
      }
      await sleep(this.#random(5));
    }
  }
}

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

test("in a storm of lost workers, broken links and killed services every job ends truthfully and no record is lost or doubled", async (t) => {
  let state = 4711;
  const random = (below: number) => {
    // Numerical Recipes' linear congruential generator; the upper bits are the good ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const directory = temporaryData(t);
  const options = { directory, leaseDuration: 400 };
  let service = await startService(t, options);
  await service.addRunbook("plain");
  await service.addRunbook("again", { attempts: 5 });
  await service.addRunbook("single", { attempts: 5, concurrencyLimit: 1 });
  let isOver = false;
  const workers: StormyWorker[] = [];
  const lives: Promise<void>[] = [];
  for (let index = 0; index < 3; index += 1) {
    const worker = new StormyWorker(t, (await service.newWorker()).token, random);
    workers.push(worker);
    lives.push(
      worker.live(
        () => service.url,
        () => isOver,
      ),
    );
  }
  const jobs: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 25; index += 1) {
      const { jobId } = await service.start(["plain", "again", "single"][random(3)] ?? "plain");
      jobs.push(jobId);
      if (random(8) === 0) {
        await service.jobs.stopJob({ jobId, requestedBy: "ann" }).catch(() => undefined);
      }
      await sleep(random(20));
    }
    if (round < 2) {
      await (random(2) === 0 ? service.kill() : service.stop(options.leaseDuration));
      service = await startService(t, options);
    }
  }
  for (let look = 0; look < 600; look += 1) {
    const open = await Promise.all(
      (["New", "Activating", "Running", "Stopping"] as const).map((status) =>
        service.jobs.listJobs({ status: [status], limit: 1 }),
      ),
    );
    if (open.every(({ items }) => items.length === 0)) {
      break;
    }
    await sleep(50);
  }
  isOver = true;
  await Promise.all(lives);

  const handedOver = new Set<string>();
  for (const { jobId, attempt } of workers.flatMap(({ started }) => started)) {
    const key = `${jobId} ${attempt}`;
    assert.ok(!handedOver.has(key), "an attempt is handed over once");
    handedOver.add(key);
  }
  for (const jobId of jobs) {
    const job = await service.jobs.getJob(jobId);
    assert.ok(["Completed", "Failed", "Stopped"].includes(job.status), `${job.status}: ${job.statusReason}`);
    assert.ok(
      job.status !== "Failed" || /worker .* (was lost|was started anew)/.test(job.statusReason ?? ""),
      job.statusReason ?? "",
    );
    const { items } = await service.jobs.listRecords({ jobId, limit: 1_000 });
    assert.equal(items.length, job.recordCount);
    const next = new Map<number, number>();
    for (const { attempt, number } of items) {
      assert.equal(number, (next.get(attempt) ?? 0) + 1, "records of an attempt have no gaps and no doubles");
      next.set(attempt, number);
    }
    const { items: attempts } = await service.jobs.listAttempts(jobId);
    assert.ok(attempts.every(({ endedAt }) => endedAt !== null));
    const counted = attempts.filter(({ outcome }) => outcome === "Lost").length;
    assert.ok(counted <= (job.runbookName === "plain" ? 1 : 5));
  }
});
