import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

describe("what runs beside a workflow", { skip, concurrency: 2 }, () => {
  it("ends, and leaves no thread behind, when nobody takes what it gives any more", async () => {
    const run = await PwshHostRun.of(`workflow Get-Thing { foreach -parallel ($i in 1..4) { "x$i"; Start-Sleep -Milliseconds 300; Write-Warning "still $i" } }
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
});
