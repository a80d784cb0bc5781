import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../src/contract/user-error.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "./quantities.ts";

test("durations are read with their units, alone or together", () => {
  assert.equal(parseDuration("500ms"), 500);
  assert.equal(parseDuration("30s"), 30_000);
  assert.equal(parseDuration("1.5h"), 5_400_000);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration("1d"), 86_400_000);
});

test("a duration without a unit, negative or misspelled is refused with what to write", () => {
  for (const text of ["", "5", "-5s", "5x", "s", "5 s", "1e3s"]) {
    assert.throws(
      () => parseDuration(text),
      (error) => error instanceof UserError && /30s/.test(error.remedy ?? ""),
    );
  }
});

test("what is written is read back", () => {
  for (const milliseconds of [0, 1, 999, 1000, 61_000, 90_061_001]) {
    const text = formatDuration(milliseconds);
    assert.equal(parseDuration(text), milliseconds, text);
  }
});

test("sizes are read with binary units, and a plain number is bytes", () => {
  assert.equal(parseSize("512"), 512);
  assert.equal(parseSize("64KiB"), 65_536);
  assert.equal(parseSize("100MB"), 104_857_600);
  assert.equal(parseSize("1.5g"), 1_610_612_736);
  assert.throws(() => parseSize("lots"), UserError);
  assert.equal(formatSize(1536), "1.5KiB");
  assert.equal(formatSize(12), "12B");
});
