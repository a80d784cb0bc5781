import assert from "node:assert/strict";
import test from "node:test";
import { ThreadLink } from "./thread-link.ts";
import type { OperationAnswer } from "./thread-messages.ts";

/** A thread that ends as soon as it is asked for something. */
const dyingThread = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", () => { throw new Error("broken"); });
  `)}`,
);

/** A thread that answers each operation with how many came in its message. */
const countingThread = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", (message) => {
      if (message === "close") parentPort.close();
      else parentPort.postMessage(message.map(({ id }) => ({ id, value: message.length })));
    });
  `)}`,
);

test("what different requests of one turn ask for reaches a thread of the store together", async () => {
  const link: ThreadLink<"close", OperationAnswer[]> = new ThreadLink(
    countingThread,
    {},
    { message: (answers) => link.settle(answers), ended() {} },
  );
  // Each in a microtask of its own, as requests are that were read one after another.
  const asked = Array.from({ length: 3 }, async (_, index) => {
    for (let step = 0; step < index; step += 1) await Promise.resolve();
    return link.call("count", {});
  });
  assert.deepEqual(await Promise.all(asked), [3, 3, 3]);
  await link.close("close");
});

test("when a thread of the store dies, what waits for it is rejected with the reason, and so is what comes later", async () => {
  const ended = Promise.withResolvers<Error | undefined>();
  const link = new ThreadLink<"close", never>(dyingThread, {}, { message() {}, ended: ended.resolve });
  const waiting = await Promise.allSettled([link.call("first", {}), link.call("second", {})]);
  for (const result of waiting) {
    assert.equal(result.status, "rejected");
    assert.match(String(result.reason), /whether it was done is not known/);
    assert.match(String((result.reason as Error).cause), /broken/);
  }
  assert.match(String(await ended.promise), /broken/);
  await assert.rejects(link.call("third", {}), /was not done/);
});
