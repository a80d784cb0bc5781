import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "../contract/logger.ts";
import type { JobStreamRecord } from "../contract/stream.ts";
import type { ChangedJob } from "../store/operations/changes.ts";
import type { StreamReads } from "../store/operations/streams.ts";
import type { Store } from "../store/store.ts";
import { systemClock } from "../workers/clock.ts";
import { ChangesElsewhere } from "./changes-elsewhere.ts";
import { LiveHub } from "./live-hub.ts";
import { RunningAttempts } from "./running-attempts.ts";

type StoredPage = ReturnType<StreamReads["records"]>;

/** Another service's doings over a store that answers when `answer` is called, one read after the other. */
function elsewhere() {
  const hub = new LiveHub();
  const told: string[] = [];
  const reads: ((page: StoredPage) => void)[] = [];
  const read = {
    records: () => {
      const page = Promise.withResolvers<StoredPage>();
      reads.push(page.resolve);
      return page.promise;
    },
  };
  const changes = new ChangesElsewhere({
    store: { read } as unknown as Pick<Store, "read">,
    hub,
    attempts: new RunningAttempts(systemClock),
    logger: silentLogger,
    bringsRecords: () => false,
    isHere: () => true,
    onOver: () => {},
    onStop: ({ jobId }) => told.push(`stop ${jobId}`),
    onSuspend: () => {},
    onWaiting: () => {},
    onChanged: () => {},
    onEnded: (jobIds) => told.push(...jobIds.map((jobId) => `end ${jobId}`)),
  });
  const follow = (jobId: string) => {
    hub.follow(jobId, (event) => {
      if (event.type === "records") told.push(...event.records.map(({ text }) => text));
    });
    hub.reached(jobId, { attempt: 1, number: 0 });
  };
  const answer = async (...texts: string[]) => {
    const records = texts.map((text, index): JobStreamRecord => {
      const number = index + 1;
      return { id: `1.${number}`, attempt: 1, number, stream: "Output", time: new Date(0).toISOString(), text };
    });
    reads.shift()?.({ records, more: false });
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { changes, told, reads, follow, answer };
}

function changed(jobId: string, more: Partial<ChangedJob> = {}): ChangedJob {
  return {
    ...{ jobId, status: "Running", parked: false, attempt: 1, workerId: "worker", recordCount: 0, stop: null },
    ...{ placementId: "placement", hostKind: "node", ...more },
  };
}

test("a stop waits for no reader of another job's records", async () => {
  const { changes, told, reads, follow } = elsewhere();
  follow("a");
  changes.take([changed("a", { recordCount: 1 })]);
  assert.equal(reads.length, 1);
  changes.take([changed("b", { status: "Stopping", stop: { reason: "stopped by ann", force: false } })]);
  assert.deepEqual(told, ["stop b"]);
});

test("a job's end is told after its records, and what changes while they are read is read after them", async () => {
  const { changes, told, reads, follow, answer } = elsewhere();
  follow("a");
  changes.take([changed("a", { recordCount: 1 })]);
  changes.take([changed("a", { recordCount: 2 })]);
  changes.take([changed("a", { recordCount: 3, status: "Completed" })]);
  assert.deepEqual([reads.length, told], [1, []]);
  await answer("first");
  assert.deepEqual([reads.length, told], [1, ["first"]]);
  await answer("second", "third");
  assert.deepEqual([reads.length, told], [0, ["first", "second", "third", "end a"]]);
});

test("a job's end waits for no reader of another job's records, and stopping waits for those that are being read", async () => {
  const { changes, told, follow, answer } = elsewhere();
  follow("a");
  follow("b");
  changes.take([changed("a", { recordCount: 1 }), changed("b", { status: "Completed" })]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told, ["end b"]);
  const stopped = changes.stop();
  await answer("last");
  await stopped;
  assert.deepEqual(told, ["end b", "last"]);
});
