import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/requires.ts";
import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { testRuntimeDirectory } from "../../../worker/testing/test-worker.ts";
import { runsmith } from "../../testing/runsmith.ts";

test("convert-workflow writes a plain script, overwrites nothing, and says what is no workflow", {
  ...skipUnless("bubblewrap", "pwsh"),
  timeout: 120_000,
}, async () => {
  await using folder = await temporaryFolder();
  const write = (name: string, text: string) => {
    const file = join(folder.path, name);
    writeFileSync(file, text);
    return file;
  };
  const convert = (...args: string[]) => runsmith(["convert-workflow", ...args, "--runtime-dir", testRuntimeDirectory]);
  const workflow = write(
    "Get-It.ps1",
    "workflow Get-It {\n    param($Name)\n    # stays\n    InlineScript { $using:Name }\n}\n",
  );
  const expected =
    "param($Name)\n\nfunction Get-It {\n    param($Name)\n    # stays\n    & { $Name }\n}\n\nGet-It @PSBoundParameters\n";
  const printed = await convert(workflow);
  assert.deepEqual([printed.code, printed.stdout], [0, expected], printed.stderr);
  const target = join(folder.path, "script.ps1");
  const written = await convert(workflow, "--output-file", target);
  assert.deepEqual([written.code, written.stdout, readFileSync(target, "utf8")], [0, "", expected], written.stderr);
  const again = await convert(workflow, "--output-file", target);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /is there already, and is not overwritten/);
  const script = await convert(write("Get-Other.ps1", "# workflow Get-Other { }\n'x'\n"));
  assert.equal(script.code, 2);
  assert.match(script.stderr, /has no workflow at its top level/);
  const broken = await convert(write("Get-Broken.ps1", "workflow Get-Broken {\n  if (\n}\n"));
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /Get-Broken\.ps1:\d+:\d+: error: /);
});
