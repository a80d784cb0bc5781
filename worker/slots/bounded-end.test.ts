import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedEnd } from "./bounded-end.ts";

test("an exit code that no operating system has is left out, so that the end of the job can be stored", () => {
  for (const exitCode of [1e300, 2 ** 60, 2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
    assert.deepEqual(boundedEnd({ type: "ended", outcome: "Failed", exitCode }), { type: "ended", outcome: "Failed" });
  }
  for (const exitCode of [0, 255, -1, 2 ** 31 - 1, -(2 ** 31)]) {
    assert.equal(boundedEnd({ type: "ended", outcome: "Failed", exitCode }).exitCode, exitCode);
  }
});

test("a result nested deeper than threads can carry is left out, with the reason in its place", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
  const { result } = boundedEnd({ type: "ended", outcome: "Completed", result: deep });
  assert.equal(result, "(a result nested deeper than 64 levels, left out)");
  const fine = { a: [{ b: 1 }] };
  assert.deepEqual(boundedEnd({ type: "ended", outcome: "Completed", result: fine }).result, fine);
});
