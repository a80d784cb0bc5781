import assert from "node:assert/strict";
import test from "node:test";
import { ThreadLink } from "./thread-link.ts";

/** A thread that ends as soon as it is asked for something. */
const dyingThread = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", () => { throw new Error("broken"); });
  `)}`,
);

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
