import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChildRunbook } from "../../../src/contract/child-runbook.ts";
import { emptySignature } from "../../../src/contract/signature.ts";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

const child = (name: string, script: string, kind: ChildRunbook["kind"] = "PowerShell"): ChildRunbook => ({
  name,
  kind,
  versionId: "0198c2f0-0000-7000-8000-000000000009",
  script,
  signature: emptySignature,
});

test("runbooks that came with a script are commands, and files beside it, wherever the script stands", {
  skip,
}, async () => {
  const run = await PwshHostRun.of(
    `Child a; & "$PSScriptRoot/Child.ps1" b; ./Child.ps1 c; .\\Child.ps1 d; . ./Functions.ps1; Get-Twice 4; Set-Location /; ./Child.ps1 e`,
    {
      children: [child("Child", `param($Name) "child $Name"`), child("Functions", "function Get-Twice($n) { 2 * $n }")],
    },
  );
  assert.deepEqual(
    run.texts("Output"),
    ["child a", "child b", "child c", "child d", "8", "child e"],
    JSON.stringify(run.records),
  );
});

test("a script that calls itself by way of another is refused, with the chain", { skip }, async () => {
  const run = await PwshHostRun.of(`try { ./Child.ps1 } catch { $_.Exception.Message }`, {
    children: [child("Child", "$name = './Calls-Itself.ps1'; & $name"), child("Calls-Itself", "1")],
    runbook: { name: "Calls-Itself", kind: "PowerShell" },
  });
  assert.match(run.texts("Output").join("\n"), /Calls-Itself → Child → Calls-Itself/, JSON.stringify(run.records));
});

const workflow = (name: string, body: string) => child(name, `workflow ${name} { ${body} }`, "PowerShellWorkflow");

test("a workflow calls another workflow runbook by its name, with its checkpoints", { skip }, async () => {
  const run = await PwshHostRun.of(
    `workflow Sample { $one = Get-Part -Number 1; "parent has $one"; $two = Get-Part -Number 2; "parent has $two" }`,
    {
      runbook: { name: "Sample", kind: "PowerShellWorkflow" },
      children: [workflow("Get-Part", `param([int] $Number) Checkpoint-Workflow; "part $Number"`)],
    },
  );
  assert.deepEqual(
    run.texts("Output"),
    ["parent has part 1", "parent has part 2"],
    JSON.stringify([run.records, run.ended]),
  );
});

test("the branches of a workflow call scripts by their names and as files, each in its own", { skip }, async () => {
  const run = await PwshHostRun.of(
    `workflow Sample {
  foreach -parallel ($i in 1..6) { Child -Name $i; ./Child.ps1 "file $i" }
  parallel { sequence { $given = Child one; "given $given"; Checkpoint-Workflow; & "$PSScriptRoot/Child.ps1" two }; Loop }
}`,
    {
      runbook: { name: "Sample", kind: "PowerShellWorkflow" },
      children: [
        child("Child", 'param($Name) "child $Name"'),
        child("Loop", "try { $name = './Loop.ps1'; & $name } catch { $_.Exception.Message }"),
      ],
    },
  );
  assert.equal(run.ended?.outcome, "Completed", JSON.stringify([run.records, run.ended]));
  const each = [1, 2, 3, 4, 5, 6].flatMap((i) => [`child ${i}`, `child file ${i}`]);
  assert.deepEqual(
    run.texts("Output").toSorted(),
    [...each, "child two", "given child one", "Runbooks call each other in a circle: Sample → Loop → Loop."].toSorted(),
  );
});

test("the analysis tells what may be the name of another runbook, and nothing that is a command already", {
  skip,
}, async () => {
  const { calls } = await PwshHostRun.analysisOf(
    `function Own {}\nOwn; Get-ChildItem; Write-Output 1 | Child -Name x; ./Other.ps1; & "$PSScriptRoot/Third.ps1"; systemctl status; & $unknown`,
  );
  assert.deepEqual(calls?.toSorted(), ["Child", "Other", "Third", "systemctl"]);
});
