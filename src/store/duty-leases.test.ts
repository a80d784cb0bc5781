import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

storeTest("of several services that ask for a duty at once, one gets it, and keeps it", async (t) => {
  const store = await temporaryStore(t);
  const ask = (holder: string) => store.write.takeDutyLease({ duty: "test", holder, duration: 60_000 });
  const holders = ["one", "two", "three", "four"];
  const given = await Promise.all(holders.map(ask));
  assert.equal(given.filter(Boolean).length, 1);
  assert.deepEqual(await Promise.all(holders.map(ask)), given);
});

storeTest("a duty goes to another service when its lease has ended, or when it was given up", async (t) => {
  const store = await temporaryStore(t);
  const ask = (holder: string, duration: number) => store.write.takeDutyLease({ duty: "test", holder, duration });
  assert.equal(await ask("one", 200), true);
  assert.equal(await ask("two", 60_000), false);
  await sleep(300);
  assert.equal(await ask("two", 60_000), true);
  assert.equal(await ask("one", 60_000), false);
  // Not its own to give up.
  await store.write.releaseDutyLease({ duty: "test", holder: "one" });
  assert.equal(await ask("one", 60_000), false);
  await store.write.releaseDutyLease({ duty: "test", holder: "two" });
  assert.equal(await ask("one", 60_000), true);
});
