import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSlots } from "./worker-slots.ts";

test("slots are given as a number, for each kind, or as a number with bounds for kinds", () => {
  assert.deepEqual(parseSlots("8"), { slots: 8, kindSlots: {} });
  assert.deepEqual(parseSlots("TypeScript=8, powershell=2"), { slots: 10, kindSlots: { node: 8, pwsh: 2 } });
  assert.deepEqual(parseSlots("8,powershell=2"), { slots: 8, kindSlots: { pwsh: 2 } });
  assert.deepEqual(parseSlots("typescript=3"), { slots: 3, kindSlots: { node: 3, pwsh: 0 } });
});

test("slots that make no sense are refused with how to write them", () => {
  for (const text of ["", "0", "-1", "8,8", "bash=2", "typescript=1,typescript=2", "typescript=0", "powershell=x"]) {
    assert.throws(() => parseSlots(text), { code: "invalid-slots" }, text);
  }
});
