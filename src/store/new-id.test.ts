import assert from "node:assert/strict";
import test from "node:test";
import { validate, version } from "uuid";
import { isId } from "../contract/id.ts";
import { newId } from "./new-id.ts";

test("ids are UUIDv7 in canonical form, each sorts after those made before it, and none comes twice", () => {
  const ids = Array.from({ length: 20_000 }, newId);
  for (const id of ids) {
    assert.ok(isId(id) && validate(id) && version(id) === 7, id);
  }
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(ids).size, ids.length);
});

test("what follows the time and the sequence in an id differs from one to the next", () => {
  const tails = Array.from({ length: 2_000 }, () => newId().slice(-10));
  assert.equal(new Set(tails).size, tails.length);
});

test("an id tells the time at which it was made", () => {
  const before = Date.now();
  const time = Number.parseInt(newId().replace("-", "").slice(0, 12), 16);
  assert.ok(time >= before && time <= Date.now() + 1, String(time));
});
