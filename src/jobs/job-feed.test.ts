import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { FeedEvent } from "./job-feed.ts";
import type { FeedTopic } from "./live-feeds.ts";
import type { TestService } from "./testing.ts";
import { eventually, startService, TestWorker } from "./testing.ts";

/** Reads a feed into a list, as fast as `delay` allows, until `isEnough`. */
async function read(
  t: TestContext,
  service: TestService,
  of: { topics: FeedTopic[]; delay?: number },
  isEnough: (events: FeedEvent[]) => boolean,
): Promise<FeedEvent[]> {
  const controller = new AbortController();
  t.after(() => controller.abort());
  const events: FeedEvent[] = [];
  for await (const portion of service.jobs.openFeed({ topics: of.topics, signal: controller.signal })) {
    events.push(...portion);
    if (isEnough(events)) {
      break;
    }
    if (of.delay !== undefined) {
      await sleep(of.delay);
    }
  }
  return events;
}

const numbersOf = (events: FeedEvent[]) =>
  events.flatMap((event) => (event.type === "record" ? [event.record.number] : []));
const statusesOf = (events: FeedEvent[]) => events.flatMap((event) => (event.type === "job" ? [event.job.status] : []));
const hasEnded = (events: FeedEvent[]) => statusesOf(events).includes("Completed");
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test("a reader who comes at any moment gets each record once and in order, and the end last", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const topics: FeedTopic[] = [{ type: "job", jobId }];
  const readers = [read(t, service, { topics }, hasEnded)];
  const job = await worker.next("run-job");
  for (let number = 1; number <= 600; number += 3) {
    worker.append(job, [number, number + 1, number + 2]);
    if (number % 30 === 1) {
      readers.push(read(t, service, { topics }, hasEnded));
      await sleep(1);
    }
  }
  const further: FeedTopic[] = [{ type: "job", jobId, after: { attempt: 1, number: 300 } }];
  readers.push(read(t, service, { topics: further }, hasEnded));
  worker.end(job);
  await service.until(jobId, "Completed");
  readers.push(read(t, service, { topics }, hasEnded));
  for (const [index, reading] of readers.entries()) {
    const events = await reading;
    const expected = index === readers.length - 2 ? upTo(600).slice(300) : upTo(600);
    assert.deepEqual(numbersOf(events), expected, `reader ${index}`);
    assert.equal(events.at(-1)?.type, "job", "the end comes after the last record");
  }
});

test("the first event of a job that runs is the job, and every change follows", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const { jobId } = await service.start("hello");
  let seen: FeedEvent[] = [];
  const isSeen = (status: string) => eventually(() => statusesOf(seen).find((told) => told === status), status);
  const reading = read(t, service, { topics: [{ type: "job", jobId }] }, (events) => {
    seen = events;
    return hasEnded(events);
  });
  await isSeen("New");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const job = await worker.next("run-job");
  await isSeen("Activating");
  worker.append(job, [1]);
  await isSeen("Running");
  worker.end(job);
  const events = await reading;
  assert.deepEqual([...new Set(statusesOf(events))], ["New", "Activating", "Running", "Completed"]);
  assert.equal(events[0]?.type, "job");
});

test("records are seen live while the disk is too full to store them, and are stored when there is room", async (t) => {
  let free = 10_000;
  const service = await startService(t, { lowStorage: 4_000, freeBytes: async () => free });
  await service.addRunbook("chatty");
  await service.addRunbook("quiet");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("chatty");
  const job = await worker.next("run-job");
  await service.start("quiet");
  const quiet = await worker.next("run-job");
  free = 500;
  await sleep(2_100);

  const reading = read(t, service, { topics: [{ type: "job", jobId }] }, hasEnded);
  const seen = read(t, service, { topics: [{ type: "job", jobId }] }, (events) => numbersOf(events).length === 3);
  worker.append(job, [1, 2, 3], { text: "x".repeat(50_000) });
  assert.deepEqual(numbersOf(await seen), [1, 2, 3]);
  assert.deepEqual((await service.jobs.listRecords({ jobId, limit: 10 })).items, []);
  await assert.rejects(service.start("quiet"), { code: "storage-low" });
  worker.append(quiet, [1]);
  worker.end(quiet);
  await service.until(quiet.jobId, "Completed");

  worker.end(job);
  free = 10_000;
  assert.deepEqual(numbersOf(await reading), [1, 2, 3]);
  assert.equal((await service.jobs.listRecords({ jobId, limit: 10 })).items.length, 3);
});

test("a reader that is too slow loses nothing and costs a bounded buffer", async (t) => {
  const service = await startService(t);
  await service.addRunbook("chatty");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("chatty");
  const job = await worker.next("run-job");
  const topics: FeedTopic[] = [{ type: "job", jobId }];
  const slow = read(t, service, { topics, delay: 5 }, hasEnded);
  const text = "x".repeat(10_000);
  for (let number = 1; number <= 1_000; number += 20) {
    worker.append(
      job,
      upTo(20).map((index) => number + index - 1),
      { text },
    );
    await worker.nextAnswer();
  }
  worker.end(job);
  assert.deepEqual(numbersOf(await slow), upTo(1_000));
});

test("a record that a worker repeats after a reconnect is told once", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  const reading = read(t, service, { topics: [{ type: "job", jobId }] }, hasEnded);
  worker.append(job, [1, 2, 3]);
  await worker.nextAnswer();
  const back = await TestWorker.connect(t, service, { ...created, instanceId: worker.instanceId, running: [job] });
  back.append(job, [2, 3, 4]);
  back.append(job, [5]);
  back.end(job);
  assert.deepEqual(numbersOf(await reading), [1, 2, 3, 4, 5]);
});

test("records that could be told only after they were stored come before the end", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const created = await service.newWorker();
  const worker = await TestWorker.connect(t, service, created);
  const { jobId } = await service.start("hello");
  await worker.next("run-job");
  const reading = read(t, service, { topics: [{ type: "job", jobId }] }, hasEnded);
  await sleep(20);
  // The first frame is missing, so the end is not stored and the worker repeats everything.
  const line = { stream: "Output", time: Date.now(), text: "x" } as const;
  const ended = { outcome: "Completed", reason: "script", endedAt: Date.now() } as const;
  worker.sendRecords({ type: "append", jobId, attempt: 1, records: [{ number: 2, ...line }], ended });
  await eventually(() => worker.recordsClosed, "the end of the link");
  await worker.openRecords(t, service.url, created.token, created.workerId);
  const records = [1, 2, 3].map((number) => ({ number, ...line }));
  worker.sendRecords({ type: "append", jobId, attempt: 1, records, ended });
  assert.deepEqual(numbersOf(await reading), [1, 2, 3]);
});

test("readers follow a job over its attempts", async (t) => {
  const service = await startService(t);
  await service.addRunbook("twice", { attempts: 2 });
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("twice");
  const first = await worker.next("run-job");
  const reading = read(t, service, { topics: [{ type: "job", jobId }] }, hasEnded);
  worker.append(first, [1, 2]);
  worker.end(first, { outcome: "Failed", reason: "host-lost" });
  const second = await worker.next("run-job");
  worker.append(second, [1]);
  worker.end(second);
  const events = await reading;
  const ids = events.flatMap((event) => (event.type === "record" ? [event.record.id] : []));
  assert.deepEqual(ids, ["1.1", "1.2", "2.1"]);
});

test("one feed carries several topics, all jobs among them", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const job = await worker.next("run-job");
  const topics: FeedTopic[] = [{ type: "jobs" }, { type: "job", jobId }];
  const reading = read(
    t,
    service,
    { topics },
    (events) => statusesOf(events).filter((status) => status === "Completed").length === 3,
  );
  await sleep(20);
  const other = await service.start("hello");
  const otherJob = await worker.next("run-job");
  worker.append(job, [1]);
  worker.end(job);
  await service.until(jobId, "Completed");
  worker.end(otherJob);
  const events = await reading;
  const jobs = new Set(events.flatMap((event) => (event.type === "job" ? [event.job.jobId] : [])));
  assert.deepEqual(jobs, new Set([jobId, other.jobId]));
});

test("events of all jobs carry neither parameters nor results, and no more of an exception than its beginning", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello", { signature: { properties: { text: { type: "string" } } } });
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const reading = read(t, service, { topics: [{ type: "jobs" }] }, (events) => statusesOf(events).includes("Failed"));
  await sleep(20);
  await service.start("hello", { text: "x".repeat(10_000) });
  const exception = { name: "Error", message: "m".repeat(10_000), stack: "s".repeat(10_000) };
  worker.end(await worker.next("run-job"), { outcome: "Failed", result: "y".repeat(10_000), exception });
  const events = await reading;
  assert.ok(JSON.stringify(events.at(-1)).length < 2_500);
  const last = events.at(-1);
  assert.equal(last?.type === "job" && last.job.exception?.message.slice(0, 3), "mmm");
});

test("a reader that is too slow for values loses nothing either: they count as texts do", async (t) => {
  const service = await startService(t);
  await service.addRunbook("chatty");
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("chatty");
  const job = await worker.next("run-job");
  const slow = read(t, service, { topics: [{ type: "job", jobId }], delay: 5 }, hasEnded);
  const value = "v".repeat(50_000);
  for (let number = 1; number <= 100; number += 5) {
    const records = upTo(5).map((index) => ({
      number: number + index - 1,
      stream: "Output" as const,
      time: Date.now(),
      text: "x",
      value,
    }));
    worker.sendRecords({ type: "append", jobId, attempt: 1, records });
    await worker.nextAnswer();
  }
  worker.end(job);
  assert.deepEqual(numbersOf(await slow), upTo(100));
});

test("a feed of an unknown job among others is refused, and ends the others", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const { jobId } = await service.start("hello");
  const topics: FeedTopic[] = [
    { type: "jobs" },
    { type: "job", jobId },
    { type: "job", jobId: "01890000-0000-7000-8000-000000000001" },
  ];
  await assert.rejects(
    read(t, service, { topics }, () => false),
    { code: "job-not-found" },
  );
});

test("a feed of an unknown job is refused", async (t) => {
  const service = await startService(t);
  const unknown: FeedTopic[] = [{ type: "job", jobId: "01890000-0000-7000-8000-000000000001" }];
  await assert.rejects(
    read(t, service, { topics: unknown }, () => true),
    { code: "job-not-found", status: 404 },
  );
});

test("a feed ends when it is aborted, and leaves nothing behind", async (t) => {
  const service = await startService(t);
  await service.addRunbook("hello");
  const { jobId } = await service.start("hello");
  const controller = new AbortController();
  const events: FeedEvent[] = [];
  const topics: FeedTopic[] = [{ type: "job", jobId }, { type: "jobs" }];
  const done = (async () => {
    for await (const portion of service.jobs.openFeed({ topics, signal: controller.signal })) {
      events.push(...portion);
    }
    return true;
  })();
  await eventually(() => (events.length > 0 ? true : undefined), "a first event");
  controller.abort();
  assert.equal(await done, true);
});

test("a change that is read slowly is not told after the end that overtook it", async (t) => {
  const reading = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const service = await startService(t, {
    wrapStore: (store) => {
      const read = new Proxy(store.read, {
        get: (target, property) =>
          property !== "jobsById"
            ? Reflect.get(target, property)
            : async (of: { jobIds: string[] }) => {
                const jobs = await target.jobsById(of);
                reading.resolve();
                await goOn.promise;
                return jobs;
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
  const worker = await TestWorker.connect(t, service, await service.newWorker());
  const { jobId } = await service.start("hello");
  const events: FeedEvent[] = [];
  const controller = new AbortController();
  const following = (async () => {
    for await (const portion of service.jobs.openFeed({
      topics: [{ type: "job", jobId }],
      signal: controller.signal,
    })) {
      events.push(...portion);
    }
  })();
  const job = await worker.next("run-job");
  await eventually(() => events[0], "the job as it is");
  worker.append(job, [1]);
  await reading.promise;
  worker.end(job);
  await eventually(() => statusesOf(events).find((status) => status === "Completed"), "the end");
  goOn.resolve();
  await sleep(100);
  controller.abort();
  await following;
  assert.deepEqual(statusesOf(events).at(-1), "Completed");
});
