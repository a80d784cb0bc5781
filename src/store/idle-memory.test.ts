import assert from "node:assert/strict";
import test from "node:test";
import { collectGarbage, roomForYoungObjects } from "./idle-memory.ts";

test("what a busy time needed for young objects is given back", () => {
  const kept: object[] = [];
  // Enough that survives for a while: that is what makes V8 give young objects more room.
  for (let index = 0; index < 2_000_000; index += 1) {
    kept[index % 50_000] = { index, text: `object ${index}` };
  }
  const busy = roomForYoungObjects();
  kept.length = 0;
  collectGarbage();
  assert.ok(roomForYoungObjects() < busy / 4, `${busy} bytes before, ${roomForYoungObjects()} after`);
});
