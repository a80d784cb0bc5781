import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { buildPwshHost } from "../worker/hosts/pwsh/build-pwsh-host.ts";
import { findPwsh } from "../worker/hosts/pwsh/find-pwsh.ts";
import { skip } from "../worker/hosts/pwsh/testing/pwsh-host-run.ts";
import { testRuntimeDirectory } from "../worker/testing/test-worker.ts";
import { readWorkflowScripts, scriptFolder } from "./campaigns/workflows/workflow-script.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

interface ReadWorkflow {
  name: string;
  script: string;
  problems: string[];
  output: string[];
}

/** Those whose plain script says what they say: no checkpoints, and nothing of Runsmith's own. */
const alike = [
  ...["Test-Do", "Test-Expression", "Test-For", "Test-ForEach", "Test-Layout", "Test-NestedFunction"],
  ...["Test-NestedParallel", "Test-OutputType", "Test-Parallel", "Test-Sequence", "Test-Splatting", "Test-Switch"],
  ...["Test-ThrottleLimit", "Test-Try", "Test-While", "Test-WorkflowVariable"],
];

/** Nothing may stand behind a signature, and it is not that of the plain script. */
const signed = `workflow Test-Signed { 'signed' }
# SIG # Begin signature block
# MIID1QYJKoZIhvcNAQcCoIIDxjCCA8ICAQExCzAJBgUrDgMCGgUAMGkGCisGAQQB
# SIG # End signature block
`;

describe("a workflow written as a plain script", { skip }, () => {
  let read: ReadWorkflow[] = [];

  before(async () => {
    await using target = await temporaryFolder();
    const pwsh = await findPwsh();
    assert.ok(!("missing" in pwsh));
    const { library } = await buildPwshHost(pwsh, testRuntimeDirectory);
    await using own = await temporaryFolder();
    await writeFile(join(own.path, "Test-Signed.ps1"), signed);
    const folders = [scriptFolder, own.path, join(import.meta.dirname, "..", "docs", "examples", "workflows")];
    const program = join(scriptFolder, "..", "read-workflows.ps1");
    const list = (values: readonly string[]) => values.map((value) => `'${value}'`).join(", ");
    const command = `& '${program}' -Library '${library}' -Folder ${list(folders)} -Target '${target.path}' -Run ${list(alike)}`;
    const { stdout } = await promisify(execFile)(
      pwsh.executable,
      ["-NoProfile", "-NonInteractive", "-Command", command],
      {
        env: { PATH: "/usr/bin:/bin", HOME: target.path, LANG: "C.UTF-8", NO_COLOR: "1" },
        maxBuffer: 16 * 1024 * 1024,
      },
    );
    read = JSON.parse(stdout.slice(stdout.indexOf("["))) as ReadWorkflow[];
  });

  test("is PowerShell 7 without errors, whichever the workflow is", () => {
    assert.ok(read.length > 60, `${read.length} workflows`);
    assert.deepEqual(
      read.filter(({ problems }) => problems.length > 0).map(({ name, problems }) => [name, problems]),
      [],
    );
    for (const { name, script } of read) {
      assert.doesNotMatch(script, /^\s*(workflow|parallel|sequence|inlinescript)\b|\$workflow:\w+ =/im, name);
    }
  });

  test("outputs what the workflow outputs, where it can", async () => {
    const scripts = await readWorkflowScripts();
    for (const name of alike) {
      const told = scripts.find((script) => script.name === name)?.told.filter((line) => line.startsWith("Output: "));
      const found = read.find((each) => each.name === name)?.output ?? [];
      assert.deepEqual(
        found.map((line) => `Output: ${line.trimEnd()}`),
        told,
        name,
      );
    }
  });

  test("has no signature, which was that of the workflow", () => {
    const script = read.find(({ name }) => name === "Test-Signed")?.script ?? "";
    assert.equal(script, "function Test-Signed { 'signed' }\n\nTest-Signed\n");
  });
});
