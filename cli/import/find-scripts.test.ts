import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { UserError } from "../../src/contract/user-error.ts";
import { findScripts } from "./find-scripts.ts";

test("a folder gives all scripts below it, and says what it leaves: other files, declarations, tests, hidden folders, packages", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runsmith-scripts-"));
  try {
    for (const name of ["sub", ".git", "node_modules"]) await mkdir(join(folder, name));
    const names = ["b.ts", "a.PS1", "sub/c.ts", "a.d.ts", "a.test.ts", "notes.md", ".git/x.ts", "node_modules/y.ts"];
    for (const name of names) await writeFile(join(folder, name), "");
    const { scripts, skipped } = findScripts([folder]);
    assert.deepEqual(
      scripts.map(({ name, kind }) => `${name} ${kind}`),
      ["a PowerShell", "b TypeScript", "c TypeScript"],
    );
    assert.deepEqual(
      skipped.map((path) => path.slice(folder.length + 1)),
      [".git", "a.d.ts", "a.test.ts", "node_modules", "notes.md"],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a file that is no script and a path that is not there are refused by name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runsmith-scripts-"));
  try {
    await writeFile(join(folder, "x.py"), "");
    assert.throws(() => findScripts([join(folder, "x.py")]), /x\.py/);
    assert.throws(() => findScripts([join(folder, "gone.ts")]), UserError);
  } finally {
    await rm(folder, { recursive: true });
  }
});
