import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

describe("what runs beside a workflow", { skip, concurrency: 2 }, () => {
  it("ends, and leaves no thread behind, when nobody takes what it gives any more", async () => {
    const run =
      await PwshHostRun.of(`workflow Get-Thing { foreach -parallel ($i in 1..4) { "x$i"; Start-Sleep -Milliseconds 300; Write-Warning "still $i" } }
workflow Sample {
  $first = Get-Thing | Select-Object -First 1
  $inline = InlineScript { 'inline'; Start-Sleep -Milliseconds 300; Write-Warning 'still inline' } | Select-Object -First 1
  $before = [System.Diagnostics.Process]::GetCurrentProcess().Threads.Count
  foreach ($i in 1..8) { Get-Thing | Select-Object -First 1 | Out-Null }
  $more = [System.Diagnostics.Process]::GetCurrentProcess().Threads.Count - $before
  Start-Sleep -Milliseconds 500
  "$($first.Length) $inline $($more -lt 8)"
}`);
    assert.deepEqual([run.ended?.outcome, run.texts()], ["Completed", ["2 inline True"]]);
  });

  it("has what branches have in common as it is now, in bare words, texts and InlineScript", async () => {
    const run = await PwshHostRun.of(`workflow Sample {
  $count = 1; $table = @{ A = 1 }
  parallel {
    sequence {
      $workflow:count += 1
      Write-Output bare-$workflow:count-end
      Write-Output "text \`"$workflow:count\`" $(InlineScript { $using:count + 1 })"
      InlineScript { "using $using:count $($using:table.A)" }
    }
  }
  @"
"here" $workflow:count \`$count $(Get-Date '2020-01-01' -Format yyyy -PSProgressMessage 'x') $(1, 2)
"@
  foreach -parallel ($row in ,@(1, 2)) { "row $($row.Count)" }
  foreach -parallel ($row in $null) { 'never' }
  foreach -parallel ($row in @(3)) { "row $row" }
}`);
    assert.deepEqual(
      [run.ended?.outcome, run.texts()],
      ["Completed", ["bare-2-end", 'text "2" 3', "using 2 1", '"here" 2 $count 2020 1 2', "row 2", "row 3"]],
    );
  });

  it("tells errors of a text in the author's lines", async () => {
    const run = await PwshHostRun.of("workflow Sample {\n  $a = 1\n  \"t1\n  $workflow:a $(throw 'here')\"\n}");
    assert.equal(run.ended?.exception?.line, 4);
  });

  it("is refused, with what it has to wait for, where a workflow beside a checkpoint is called in a condition", async () => {
    const run = await PwshHostRun.of(`workflow Get-State { 'on' }
workflow Sample {
  parallel {
    sequence { if ($true -and (Get-State)) { 'on' } }
    sequence { Checkpoint-Workflow }
  }
}`);
    const { line, message } = run.ended?.exception ?? {};
    assert.deepEqual([run.ended?.outcome, line], ["Failed", 4]);
    assert.match(message ?? "", /Get-State runs beside a branch that saves checkpoints/);
  });
});
