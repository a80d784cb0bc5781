import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readScript } from "./read-script.ts";

test("a script that Windows PowerShell wrote as UTF-16 is refused for that, with what makes it readable", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runsmith-scripts-"));
  try {
    const file = join(folder, "Sample.ps1");
    await writeFile(file, "\uFEFF'a'", "utf16le");
    assert.throws(() => readScript(file), { code: "script-is-utf-16", remedy: /iconv -f UTF-16 -t UTF-8/ });
    await writeFile(file, "\uFEFF'ä'");
    assert.equal(readScript(file), "'ä'");
  } finally {
    await rm(folder, { recursive: true });
  }
});
