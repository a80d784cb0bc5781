import assert from "node:assert/strict";
import { test } from "node:test";
import { UnderWay } from "./under-way.ts";

test("what is asked at once is asked once, and anew when something has changed meanwhile", async () => {
  const underWay = new UnderWay<number>();
  const asked: PromiseWithResolvers<number>[] = [];
  const ask = () => {
    const one = Promise.withResolvers<number>();
    asked.push(one);
    return underWay.of("key", () => one.promise);
  };
  const [first, second] = [ask(), ask()];
  underWay.clear();
  const third = ask();
  asked[0]?.resolve(1);
  assert.deepEqual(await Promise.all([first, second]), [1, 1]);
  const fourth = ask();
  asked[2]?.resolve(2);
  assert.deepEqual(await Promise.all([third, fourth]), [2, 2]);
});

test("an answer that fails is not kept", async () => {
  const underWay = new UnderWay<number>();
  await assert.rejects(underWay.of("key", () => Promise.reject(new Error("no"))));
  assert.equal(await underWay.of("key", async () => 1), 1);
});
