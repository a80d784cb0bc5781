import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JobException } from "../../../src/contract/host/host-messages.ts";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

describe("the end of a PowerShell script", { skip, concurrency: 2 }, () => {
  const failures: Record<string, { script: string; expected: Partial<JobException>; message?: RegExp }> = {
    "a thrown text": {
      script: '"before"\n\nthrow "boom"\n',
      expected: { name: "System.Management.Automation.RuntimeException", message: "boom", line: 3, column: 1 },
    },
    "an exception of .NET, with its causes": {
      script:
        'function f {\n  throw [System.IO.IOException]::new("outer", [System.ArgumentException]::new("inner"))\n}\nf\n',
      expected: {
        name: "System.IO.IOException",
        message: "outer",
        line: 2,
        column: 3,
        cause: { name: "System.ArgumentException", message: "inner" },
      },
    },
    "an error that a preference makes an end": {
      script: "$ErrorActionPreference = 'Stop'\nGet-Item /nonexistent\n",
      expected: {
        name: "System.Management.Automation.ItemNotFoundException",
        message: "Cannot find path '/nonexistent' because it does not exist.",
        line: 2,
        column: 1,
      },
    },
    "an error that a command makes an end": {
      script: "Write-Error 'stop here' -ErrorAction Stop\n",
      expected: { name: "Microsoft.PowerShell.Commands.WriteErrorException", message: "stop here", line: 1 },
    },
    "a script that cannot be parsed": {
      script: '"a"\nif ($x {\n',
      expected: { name: "System.Management.Automation.ParseException", line: 2, column: 8 },
      message: /^Unexpected token '\{' in expression or statement\. \(2 more\)$/,
    },
    "a requirement that is not met": {
      script: "#Requires -Version 99.0\n'never'\n",
      expected: { name: "System.Management.Automation.ScriptRequiresException" },
      message: /#requires.*99\.0/i,
    },
  };

  for (const [what, { script, expected, message }] of Object.entries(failures)) {
    it(`is Failed with the exception and its place for ${what}`, async () => {
      const run = await PwshHostRun.of(script);
      assert.equal(run.ended?.outcome, "Failed");
      const exception = run.ended.exception ?? { name: "", message: "" };
      const found = Object.fromEntries(Object.keys(expected).map((key) => [key, exception[key as keyof JobException]]));
      assert.deepEqual(found, expected);
      if (message) assert.match(exception.message, message);
      assert.equal(
        (exception.stack ?? "").includes("/runbook"),
        false,
        "the host's folder means nothing to the reader",
      );
      const last = run.records.at(-1);
      assert.equal(last?.stream, "Error", "the Error stream tells it, too");
      assert.ok(last.text.includes(exception.message.replace(/ \(2 more\)$/, "")), last.text);
      assert.equal(run.texts("Error").length, 1, "once");
      assert.equal(run.exit?.code, 0);
    });
  }

  it("has the exit code that the script chose; what a program left is none", async () => {
    const chosen = await PwshHostRun.of(
      "function f { 1..3 | ForEach-Object { if ($_ -eq 2) { exit 7 }; $_ } }\nf\n'never'",
    );
    assert.deepEqual(chosen.texts("Output"), ["1"]);
    assert.equal(chosen.ended?.outcome, "Failed");
    assert.equal(chosen.ended.exitCode, 7);
    assert.equal(chosen.ended.exception?.message, "The script ended with exit code 7.");

    const zero = await PwshHostRun.of("/bin/false; exit 0");
    assert.deepEqual(zero.ended, { type: "ended", outcome: "Completed", exitCode: 0 });

    const none = await PwshHostRun.of("/bin/false");
    assert.deepEqual(none.ended, { type: "ended", outcome: "Completed" });
  });

  it("is told even when the script ends the process", async () => {
    const run = await PwshHostRun.of("'before'; [Environment]::Exit(4); 'never'");
    assert.deepEqual(run.texts("Output"), ["before"]);
    assert.equal(run.ended?.outcome, "Failed");
    assert.equal(run.ended.exitCode, 4);
  });

  it("is Failed when an error on another thread ends the process", async () => {
    const run = await PwshHostRun.of(
      `Add-Type 'public static class Crash { public static void Start() { new System.Threading.Thread(() => throw new System.InvalidOperationException("elsewhere")).Start(); } }'
[Crash]::Start()
Start-Sleep 30`,
    );
    assert.equal(run.ended?.outcome, "Failed");
    assert.equal(run.ended.exception?.message, "elsewhere");
    assert.deepEqual(run.texts("Error"), ["System.InvalidOperationException: elsewhere"]);
  });

  it("is Stopped when the script is told to stop: programs end, and its finally blocks run", async () => {
    const run = new PwshHostRun();
    run.run("try { 'started'; /bin/sleep 600; 'never' } finally { Write-Host 'cleaned up' }");
    await run.until(() => run.records.length > 0);
    run.stop();
    await run.over();
    assert.equal(run.ended?.outcome, "Stopped");
    assert.deepEqual(run.texts(), ["started", "cleaned up"]);
  });

  it("is Stopped when the stop comes before the script has begun", async () => {
    const run = new PwshHostRun();
    run.run("Start-Sleep 600");
    run.stop();
    await run.over();
    assert.equal(run.ended?.outcome, "Stopped");
  });

  it("comes at once when the worker is gone", async () => {
    const run = new PwshHostRun();
    run.run("'started'; while ($true) { Start-Sleep 1 }");
    await run.until(() => run.records.length > 0);
    const input = run.process.stdio[3] as NodeJS.WritableStream;
    input.end();
    await run.over();
    assert.equal(run.exit?.code, 1);
    assert.equal(run.ended, undefined);
  });

  it("is an error, not a wait, for everything that would ask a person", async () => {
    const run = await PwshHostRun.of(`
foreach ($ask in { Read-Host 'Name' }, { Read-Host -AsSecureString }, { Get-Credential }, { $Host.UI.PromptForChoice('t', 'Sure?', @('&Yes', '&No'), 0) },
  { New-Item (Join-Path $PSScriptRoot x) -Confirm }, { $Host.UI.RawUI.ReadKey() }, { function g([Parameter(Mandatory)] $P) { }; g }) {
  try { & $ask; 'answered' } catch { $_.Exception.Message }
}`);
    assert.equal(run.ended?.outcome, "Completed");
    assert.equal(run.texts("Output").includes("answered"), false);
    assert.match(run.texts("Output")[0] ?? "", /^Read-Host is refused: a runbook runs without a person/);
    assert.match(run.texts("Output")[2] ?? "", /^Get-Credential is refused/);
  });
});

describe("a PowerShell script", { skip, concurrency: 2 }, () => {
  it("runs as a file of its own name, and knows its job", async () => {
    const run = await PwshHostRun.of(
      `"$(Split-Path $PSCommandPath -Leaf) $((Split-Path $PSCommandPath) -eq $PSScriptRoot) $($MyInvocation.MyCommand.Name)"
$PSPrivateMetadata.JobId.Guid
$Host.Name; $Host.UI.RawUI.BufferSize.Width
@(Get-ChildItem env:DOTNET_*, env:RUNSMITH_*).Count
function Get-Deep($N) { if ($N -eq 0) { 'deep' } else { Get-Deep ($N - 1) } }; Get-Deep 400`,
      { width: 100 },
    );
    assert.deepEqual(run.texts("Output"), [
      "Sample.ps1 True Sample.ps1",
      "0198c2f0-0000-7000-8000-000000000001",
      "Runsmith",
      "100",
      "0",
      "deep",
    ]);
  });

  it("leaves the programs it starts without the host's descriptors", async () => {
    const run = await PwshHostRun.of(
      `foreach ($way in '>&4', '<&3') { /bin/sh -c "(true $way) 2>/dev/null && echo open || echo closed" }`,
    );
    assert.deepEqual(run.texts("Output"), ["closed", "closed"]);
  });

  it("is served by a prewarmed host as by a fresh one", async () => {
    const run = new PwshHostRun({ RUNSMITH_HOST_PREWARM: "strict" });
    await run.until(() => run.isReady);
    run.run(
      `"$((Get-Variable -Scope Global | Where-Object Name -in 'result', 'list', 'json').Count) $($Error.Count) $(Test-Path function:Get-Sample) $ErrorActionPreference $?"
@(Get-ChildItem $PSScriptRoot).Name`,
    );
    await run.over();
    assert.deepEqual(run.ended, { type: "ended", outcome: "Completed" }, run.raw);
    assert.deepEqual(run.texts(), ["0 0 False Continue True", "Sample.ps1"]);
  });
});
