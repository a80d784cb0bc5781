import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { skipUnless } from "../../../test/support/requires.ts";
import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { findPwsh } from "../../../worker/hosts/pwsh/find-pwsh.ts";
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

test("convert-workflow leaves a gate where the workflow waits for a person, and tells on which lines to look again", {
  ...skipUnless("bubblewrap", "pwsh"),
  timeout: 120_000,
}, async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "Get-Gate.ps1");
  writeFileSync(
    file,
    "workflow Get-Gate {\n  'a'\n  Suspend-Workflow\n  Checkpoint-Workflow\n  'b'; Suspend-Workflow\n}\n",
  );
  const { code, stdout, stderr } = await runsmith(["convert-workflow", file, "--runtime-dir", testRuntimeDirectory]);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /\n {2}# Suspend-Workflow: .*\n {2}Suspend-Runbook -Reason '[^']+'\n {2}# Checkpoint-Workflow: /,
  );
  assert.match(stdout, /'b'; <# Suspend-Workflow: [^\n]*#> Suspend-Runbook -Reason '[^']+'\n/);
  assert.equal(stderr, "3 places want a second look: lines 3, 5, 6 of the script.\n");
});

test("a converted script loses nothing of what branches add to a variable of the workflow at once", {
  ...skipUnless("bubblewrap", "pwsh"),
  timeout: 120_000,
}, async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "Get-Count.ps1");
  const target = join(folder.path, "script.ps1");
  writeFileSync(
    file,
    `workflow Get-Count {
  $count = 0
  $seen = @()
  foreach -parallel ($n in 1..8) {
    foreach ($m in 1..200) {
      $workflow:count++
      $workflow:seen += Write-Output $m
    }
  }
  parallel { $workflow:count += 1000; $workflow:count-- }
  "$count $($seen.Count)"
}
`,
  );
  const converted = await runsmith([
    ...["convert-workflow", file, "--output-file", target],
    ...["--runtime-dir", testRuntimeDirectory],
  ]);
  assert.deepEqual([converted.code, converted.stderr], [0, ""]);
  const pwsh = await findPwsh();
  assert.ok(!("missing" in pwsh));
  const { stdout } = await promisify(execFile)(pwsh.executable, ["-NoProfile", "-NonInteractive", "-File", target], {
    env: { PATH: "/usr/bin:/bin", HOME: folder.path, LANG: "C.UTF-8", NO_COLOR: "1" },
  });
  assert.equal(stdout.trim(), "2599 1600", readFileSync(target, "utf8"));
});
