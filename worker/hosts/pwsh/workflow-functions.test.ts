import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

describe("functions of a workflow", { skip }, () => {
  it("of one name are each the one that is nearest to its call, and those of InlineScript are only its own", async () => {
    const script = `workflow First { function Get-Who { 'first' }; Get-Who; parallel { Get-Who } }
workflow Second { function Get-Who { 'second'; Checkpoint-Workflow; 'still second' }; Get-Who }
function Get-Who { 'outer' }
function Write-Text { param($Text) "outer $Text" }
workflow Sample {
  First
  Second
  Get-Who
  InlineScript { function Write-Text { param($Text) "inner $Text" }; Write-Text 'b' }
  Write-Text 'c'
}`;
    const expected = ["first", "first", "second", "still second", "outer", "inner b", "outer c"];
    const whole = await PwshHostRun.of(script);
    assert.deepEqual([whole.ended?.outcome, whole.texts()], ["Completed", expected]);
    const again = await PwshHostRun.of(script, { attempt: 2, checkpoint: whole.checkpoints.at(-1) ?? "" });
    assert.deepEqual([again.ended?.outcome, again.texts()], ["Completed", expected.slice(3)]);
  });
});
