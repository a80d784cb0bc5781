import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { programPaths } from "./program-paths.ts";

test("what runs outside of sandboxes is known: the package, all it was installed with, Node", () => {
  const folder = mkdtempSync(join(tmpdir(), "runsmith-program-paths-test-"));
  try {
    const checkout = join(folder, "checkout");
    const packed = join(folder, "node_modules", "runsmith");
    for (const place of [checkout, packed]) {
      mkdirSync(join(place, "dist", "worker"), { recursive: true });
      writeFileSync(join(place, "package.json"), "{}");
    }
    assert.deepEqual(programPaths(join(checkout, "dist", "worker")).slice(0, 2), [checkout, process.execPath]);
    assert.equal(programPaths(join(packed, "dist", "worker"))[0], join(folder, "node_modules"));
    assert.equal(programPaths()[0], join(import.meta.dirname, ".."));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
