import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunMessage } from "../../../src/contract/host/host-messages.ts";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

interface Interrupted {
  /** What each attempt said. */
  attempts: string[][];
  last: PwshHostRun;
}

/** Has the host killed as soon as it has saved a checkpoint, and another one go on from that, until one comes to an end. */
async function killedAtEachCheckpoint(script: string, message: Partial<RunMessage> = {}): Promise<Interrupted> {
  const attempts: string[][] = [];
  let checkpoint: string | undefined;
  for (;;) {
    const run = new PwshHostRun();
    run.killAfter = 1;
    run.run(script, { ...message, attempt: attempts.length + 1, ...(checkpoint === undefined ? {} : { checkpoint }) });
    await run.over();
    attempts.push(run.texts());
    if (run.ended !== undefined) return { attempts, last: run };
    checkpoint = run.checkpoints.at(-1);
    assert.ok(checkpoint !== undefined, `the host was lost without a checkpoint: ${run.raw}`);
    assert.ok(attempts.length < 60, "it goes on");
  }
}

describe("a workflow that is killed at each checkpoint", { skip, concurrency: 2 }, () => {
  const structures: Record<string, string> = {
    "loops and choices": `workflow Sample {
  param([string[]] $Names)
  foreach ($name in $Names) { "each $name"; Checkpoint-Workflow; "after $name" }
  for ($i = 0; $i -lt 2; $i++) { "for $i"; Checkpoint-Workflow }
  while ($i -lt 4) { $i++; if ($i -eq 3) { Checkpoint-Workflow; continue }; "while $i" }
  do { "do $i"; $i--; Checkpoint-Workflow } until ($i -lt 3)
  if ($i -eq 9) { 'never' } elseif ($i -eq 2) { 'elseif'; Checkpoint-Workflow; 'still elseif' } else { 'never' }
  switch (2, 3) { 2 { "two $_"; Checkpoint-Workflow; "still two $_" } { $_ -gt 1 } { "more $_" } default { 'never' } }
  $total = 0
  foreach ($row in 1..2) { foreach ($cell in 1..2) { $total += $cell; Checkpoint-Workflow } }
  "total $total"
}`,
    "errors that are caught": `workflow Sample {
  param([string[]] $Names)
  try { 'try'; Checkpoint-Workflow; throw [System.IO.IOException]::new('disk') }
  catch [System.ArgumentException] { 'never' }
  catch [System.IO.IOException] { "caught $_"; Checkpoint-Workflow; "still $($_.Exception.Message)" }
  finally { 'finally'; Checkpoint-Workflow; 'end of finally' }
  try { try { 'inner'; throw 'oops' } finally { 'cleaning'; Checkpoint-Workflow; 'cleaned' } } catch { "outer $_" }
  try { try { throw 'first' } catch { Checkpoint-Workflow; throw } } catch { "again $_" }
  try { try { throw [System.ArgumentNullException]::new('name') } catch { Checkpoint-Workflow; throw } } catch [System.ArgumentException] { "again $_" }
}`,
    "calls and what they give": `workflow Add-Number {
  param([int] $A, [int] $B = 2)
  'adding'
  Checkpoint-Workflow
  $A + $B
}
function Get-Twice([string] $Text) { "$Text once"; Checkpoint-Workflow; "$Text twice" }
workflow Sample {
  param([string[]] $Names)
  workflow Inner { param($Start) $sum = Add-Number $Start -B 1; Checkpoint-Workflow; $sum[-1] }
  Add-Number -A 1
  $made = Inner -Start (40 + 1)
  "made $made"
  Get-Twice 'said'
  $all = foreach ($i in 1..2) { "item $i"; Checkpoint-Workflow }
  "all $($all -join ', ')"
  $numbers = Add-Number 5 | Where-Object { $_ -is [int] }
  "numbers $numbers"
  if ((Add-Number 1)[1] -eq 3) { 'three' }
  foreach ($part in Add-Number 6) { "part $part" }
  "in a text $((Add-Number 7)[1])"
  return Add-Number 8
}`,
    "calls of a workflow that saves nothing, as an argument and as the items of a loop": `workflow Get-Name { 'n' }
workflow Get-List { 1; 2 }
workflow Save-Thing { param($Name) Checkpoint-Workflow; "saved $Name" }
workflow Sample {
  param([string[]] $Names)
  Save-Thing -Name (Get-Name)
  foreach -parallel -throttlelimit 1 ($item in Get-List) { "in $item"; Checkpoint-Workflow }
}`,
    "no output, which is not null": `workflow Get-Nothing { Checkpoint-Workflow; $x = 1 }
workflow Sample {
  param([string[]] $Names)
  $none = 1..2 | Where-Object { $_ -gt 5 }
  $all = @(Get-Nothing)
  $measured = (Get-Nothing | Measure-Object).Count
  Get-Nothing | ForEach-Object { 'never' }
  InlineScript { if ($using:none) { 'never' } }
  if ($none -or @($none).Count + $all.Count + $measured -gt 0) { throw 'there was some' }
}`,
    "the entries of tables": `workflow Sample {
  param([string[]] $Names)
  $table = [ordered]@{ a = 1; b = @{ Deep = 'deep' } }
  foreach ($entry in $table.GetEnumerator()) { "at $($entry.Key)"; Checkpoint-Workflow; "behind $($entry.Key) $($entry.Value.Deep)" }
  $pairs = @([System.Collections.Generic.KeyValuePair[string, int]]::new('c', 3))
  Checkpoint-Workflow
  "$($pairs[0].Key) $($pairs[0].Value)"
}`,
    "errors that are trapped": `workflow Save-State { param($What) "saving $What"; Checkpoint-Workflow; "saved $What" }
workflow Broken { trap { 'broken'; Checkpoint-Workflow; 'still'; break }; throw 'q'; 'never' }
workflow Get-Early { trap { Checkpoint-Workflow; return 'returned' }; throw 'z'; 'never' }
workflow Sample {
  param([string[]] $Names)
  trap { "any $_"; foreach ($k in 1..3) { if ($k -eq 2) { break }; Checkpoint-Workflow; "k $k" }; continue }
  trap [System.IO.IOException] { "io $_"; Save-State io; "io done $($_.Exception.Message)"; continue }
  'one'
  throw [System.IO.FileNotFoundException]::new('f')
  'two'
  1 / 0
  foreach ($i in 1..2) { trap { "inner $i"; $got = Save-State $i; "got $got"; continue }; if ($i) { throw "x$i" }; "after $i" }
  $all = foreach ($i in 1..2) { trap { Checkpoint-Workflow; "trapped $i"; continue }; "v$i"; throw 'y'; "w$i" }
  "all $all"
  parallel { trap { "branch $_"; Checkpoint-Workflow; 'branch done'; continue } sequence { throw 'in branch'; 'never' } }
  "early $(Get-Early)"
  try { Broken } catch { "outer $_" }
  if ($Names) { throw 'last' }
  'the end'
}`,
    "ways out of a block with finally": `workflow Sample {
  param([string[]] $Names)
  workflow Get-Early { try { 'in'; return 'given' } finally { Checkpoint-Workflow; 'out' }; 'never' }
  foreach ($i in 1..3) {
    try { if ($i -eq 1) { continue }; if ($i -eq 3) { break }; foreach ($k in 1..2) { continue } } finally { Checkpoint-Workflow; "fin $i" }
    "after $i"
  }
  $early = Get-Early
  "early $early"
  foreach ($i in 1..2) {
    try { try { if ($i -eq 1) { throw 'first' } } finally { Checkpoint-Workflow; "inner $i" }; "passed $i" } catch { "caught $_" }
  }
}`,
    "statements within expressions": `workflow Sample {
  param([string[]] $Names)
  $all = @(foreach -parallel -throttlelimit 1 ($i in 1..2) { "work $i"; Checkpoint-Workflow; $i })
  "all $($all -join ', ')"
  $table = @{ Plain = 1; Made = foreach ($i in 3..4) { Checkpoint-Workflow; $i } }
  "made $($table.Made) $(if ($Names) { Checkpoint-Workflow; 'named' })"
  Write-Output $(parallel { 'one'; Checkpoint-Workflow }) 'two'
}`,
  };

  for (const [what, script] of Object.entries(structures)) {
    it(`does nothing twice and leaves nothing out: ${what}`, async () => {
      const parameters = { Names: ["a", "b"] };
      const whole = await PwshHostRun.of(script, { parameters });
      assert.equal(whole.ended?.outcome, "Completed", JSON.stringify([whole.ended, whole.records]));
      assert.deepEqual(whole.texts("Error"), []);
      const { attempts, last } = await killedAtEachCheckpoint(script, { parameters });
      assert.equal(last.ended?.outcome, "Completed", JSON.stringify(last.ended));
      assert.deepEqual(attempts.flat(), whole.texts());
      assert.equal(attempts.length, whole.checkpoints.length + 1, "there was a kill at each checkpoint");
    });
  }

  it("goes on in each branch where it was, and keeps what branches have in common", async () => {
    const script = `workflow Add-Number { param([int] $A) Checkpoint-Workflow; $A + 1 }
workflow Sample {
  $count = 0
  foreach ($round in 1..2) {
    parallel {
      sequence { "left $round"; $one = Add-Number $round; "left again $round $one"; $workflow:count += 1 }
      foreach -parallel -throttlelimit 2 ($item in 'x', 'y', 'z') { "$item $round"; Checkpoint-Workflow; "$item again $round"; $workflow:count += 10 }
    }
  }
  $given = foreach -parallel ($item in 1..3) { Checkpoint-Workflow; $item * 2 }
  "count $count, given $(($given | Sort-Object) -join ' ')"
}`;
    const { attempts, last } = await killedAtEachCheckpoint(script);
    assert.equal(last.ended?.outcome, "Completed", JSON.stringify([last.ended, attempts]));
    const said = attempts.flat();
    assert.equal(said.at(-1), "count 62, given 2 4 6");
    const rounds = [1, 2].flatMap((round) => [
      `left ${round}`,
      `left again ${round} ${round + 1}`,
      ...["x", "y", "z"].flatMap((item) => [`${item} ${round}`, `${item} again ${round}`]),
    ]);
    assert.deepEqual(said.slice(0, -1).toSorted(), rounds.toSorted());
  });

  it("has its variables again: plain, nested, shared, secret, and what is left of an object", async () => {
    const script = `workflow Sample {
  [int] $number = 7
  $table = @{ Name = 'x'; List = @(1, @{ Deep = 'deep' }) }; $ordered = [ordered]@{ z = 1; a = 2 }
  $custom = [pscustomobject]@{ Table = $table; When = [datetime]'2020-01-02T03:04:05Z' }
  $typed = [int[]](1, 2); $list = [System.Collections.Generic.List[string]]::new(); $same = $list; $day = [System.DayOfWeek]::Friday
  $login = [pscredential]::new('joe', (ConvertTo-SecureString 'pass' -AsPlainText -Force)); $process = Get-Process -Id $PID
  $ErrorActionPreference = 'Stop'
  Checkpoint-Workflow
  $same.Add('added'); $custom.Table.Name = 'y'; $number = '8'
  "$($table.List[1].Deep) $($table.Name) $($ordered.Keys -join ' ') $($custom.When.ToUniversalTime().ToString('s'))"
  "$($typed.GetType().Name) $($list.Count) $day $($day.GetType().Name) $($number + 1)"
  "$($login.UserName) $($login.GetNetworkCredential().Password) $($process.PSObject.TypeNames[0]) $ErrorActionPreference"
}`;
    const { attempts } = await killedAtEachCheckpoint(script);
    assert.deepEqual(attempts, [
      [],
      [
        "deep y z a 2020-01-02T03:04:05",
        "Int32[] 1 Friday DayOfWeek 9",
        "joe pass Deserialized.System.Diagnostics.Process Stop",
      ],
    ]);
  });

  it("has what PowerShell knows of its parameters, matches and programs, and variables that only events have elsewhere", async () => {
    const script = `workflow Inner { param($N, $Other = 1) Checkpoint-Workflow; "$($PSBoundParameters.ContainsKey('n')) $($PSBoundParameters.Count) $N" }
workflow Sample {
  $sender = 'me'; $event = 'e'; $matched = 'a12' -match '\\d+'
  & /bin/sh -c 'exit 3'
  Checkpoint-Workflow
  "$sender $event $($Matches[0]) $LASTEXITCODE"
  Inner -N 5
}`;
    const { attempts } = await killedAtEachCheckpoint(script);
    assert.deepEqual(attempts, [[], ["me e 12 3"], ["True 1 5"]]);
  });

  it("has what it was called with in branches, in statements whose output is kept, in InlineScript and in splatting", async () => {
    const script = `workflow Inner { param($Name, $Times) Checkpoint-Workflow; parallel { "inner $($PSBoundParameters.Keys)" } }
workflow Sample {
  param([string] $Name, [int] $Times = 1, [string] $Other)
  parallel { 1 | ForEach-Object { "branch $($PSBoundParameters.Count)" } }
  $kept = $PSBoundParameters
  $given = foreach ($i in 1) { Checkpoint-Workflow; $PSBoundParameters['Name']; 1 | Where-Object { $PSBoundParameters.ContainsKey('times') } }
  "given $given"
  foreach -parallel ($i in 1) { Checkpoint-Workflow; InlineScript { "using $($using:PSBoundParameters.Count) $($using:PSBoundParameters['Times'])" } }
  Inner @PSBoundParameters
  $kept.Remove('Name') | Out-Null
  "$($kept.Count) $($PSBoundParameters.Count) $(& { $PSBoundParameters.Count })"
}`;
    const expected = ["branch 2", "given n 1", "using 2 2", "inner Name Times", "1 1 0"];
    const parameters = { Name: "n", Times: 2 };
    assert.deepEqual((await PwshHostRun.of(script, { parameters })).texts(), expected);
    const { attempts } = await killedAtEachCheckpoint(script, { parameters });
    assert.deepEqual([attempts.flat(), attempts.length], [expected, 4]);
  });

  it("has the classes and enums of its text again, and what was made of them, in branches too", async () => {
    const script = `using namespace System.IO
enum Color { Red; Green }; class Path { static [string] Combine($a, $b) { return 'own' } }
class Point {
  [int] $X; [Color] $Color = 'Green'; [Point] $Other; static [int] $Made; Point([int] $x) { $this.X = $x; [Point]::Made++ }
  [void] Fail() {
    throw 'failed'
  }
}
class Solid : Point { Solid([int] $x) : base($x) { $this.Other = $this } [string] ToString() { return "solid $($this.X)" } }
workflow Sample {
  param([Color] $Given, [Point] $None)
  [Color] $color = 'Green'; $type = [Point]; $solid = [Solid]::new(3); $list = [System.Collections.Generic.List[Point]]::new(); $list.Add($solid)
  Checkpoint-Workflow
  $color = 0; "$color $Given $($color.GetType().Name) $solid $($solid -is $type) $($solid.Other -eq $list[0]) $($solid.Color) $([Path]::Combine('a', 'b'))"
  parallel { sequence { Checkpoint-Workflow; "$($solid -is [Point]) $((New-Object Solid 4)) $('Color' -as [type])" } }
  try { $solid.Fail() } catch { "$_ $($_.InvocationInfo.ScriptLineNumber) $($_.ScriptStackTrace -match 'at Fail, .*: line 6')" }
  InlineScript { class Own { [int] $X; Own([int] $x) { $this.X = $x } }; "$([Own]::new(5).X) $($using:solid) $([Color] 1)" }
  class Within { [string] $Text = 'within' }
  [Within]::new().Text
}`;
    const parameters = { Given: "green" };
    const { attempts, last } = await killedAtEachCheckpoint(script, { parameters });
    assert.equal(last.ended?.outcome, "Completed", JSON.stringify([last.ended, last.records]));
    assert.deepEqual(attempts, [
      [],
      ["Red Green Color solid 3 True True Green own"],
      ["True solid 4 Color", "failed 6 True", "5 solid 3 Green", "within"],
    ]);
  });

  it("keeps lines of a file as plain text, and objects within objects as deep as they can be read again", async () => {
    const script = `workflow Sample {
  $file = [System.IO.Path]::GetTempFileName(); 1..100 | Set-Content $file
  $lines = Get-Content $file; $item = Get-Item $file
  $node = [pscustomobject]@{ Name = 'leaf' }
  foreach ($i in 1..200) { $node = [pscustomobject]@{ Name = $i; Child = $node } }
  Checkpoint-Workflow
  "$($lines.Count) $($item.Name -eq (Split-Path $file -Leaf)) $($node.Child.Child.Name)"
  foreach ($i in 1..200) { $node = [pscustomobject]@{ Name = $i; Child = $node } }
  Checkpoint-Workflow
}`;
    const first = await PwshHostRun.of(script);
    assert.ok((first.checkpoints[0]?.length ?? 0) < 60_000, `${first.checkpoints[0]?.length}`);
    assert.match(first.ended?.exception?.message ?? "", /more than 300 levels/);
    const again = await PwshHostRun.of(script, { attempt: 2, checkpoint: first.checkpoints[0] ?? "" });
    assert.deepEqual(again.texts("Output"), ["100 True 198"]);
  });

  it("has told all that it said before, a table that PowerShell would hold back too", async () => {
    const script =
      "workflow Sample {\n  [pscustomobject]@{ A = 1; B = 2 }\n  Checkpoint-Workflow\n  [pscustomobject]@{ A = 3; B = 4 }\n}";
    const { attempts } = await killedAtEachCheckpoint(script);
    assert.equal(attempts.length, 2);
    assert.match(attempts[0]?.join("\n") ?? "", /^\s*A B\s+- -\s+1 2\s*$/);
    assert.match(attempts[1]?.join("\n") ?? "", /^\s*A B\s+- -\s+3 4\s*$/);
  });

  it("saves after activities that ask for it, after each of a call's, and after all where that is preferred", async () => {
    const counts: Record<string, number> = {
      "Get-Date -PSPersist $true | Out-Null": 1,
      "$date = Get-Date -PSPersist:$true": 1,
      "Get-Date -PSPersist $false | Out-Null": 0,
      "Other -PSPersist $true": 2,
      "$PSPersistPreference = $true; $a = 1; $b = 2; $PSPersistPreference = $false; $c = 3": 3,
    };
    for (const [statements, count] of Object.entries(counts)) {
      const run = await PwshHostRun.of(`workflow Other { $x = 1; $y = 2 }\nworkflow Sample { ${statements} }`);
      assert.equal(run.ended?.outcome, "Completed", JSON.stringify([statements, run.ended]));
      assert.equal(run.checkpoints.length, count, statements);
    }
  });
});

describe("a workflow", { skip, concurrency: 2 }, () => {
  it("is suspended where it says so, without a finally block being run, and goes on behind it", async () => {
    const script = "workflow Sample { $x = 1; try { Suspend-Workflow; \"behind $x\" } finally { 'finally' } }";
    const first = await PwshHostRun.of(script);
    assert.deepEqual([first.ended, first.texts()], [{ type: "ended", outcome: "Suspended" }, []]);
    const second = await PwshHostRun.of(script, { attempt: 2, checkpoint: first.checkpoints.at(-1) ?? "" });
    assert.deepEqual([second.ended?.outcome, second.texts()], ["Completed", ["behind 1", "finally"]]);
  });

  it("is suspended with its next checkpoint when somebody wants it", async () => {
    const run = new PwshHostRun();
    run.run("workflow Sample { 'begins'; Start-Sleep -Seconds 2; 'before'; Checkpoint-Workflow; 'never' }");
    await run.until(() => run.records.length > 0);
    run.send({ type: "suspend" });
    await run.over();
    assert.deepEqual([run.ended?.outcome, run.texts()], ["Suspended", ["begins", "before"]]);
  });

  it("that an error ends is suspended with it, told in the author's lines, and goes on from its last checkpoint", async () => {
    const script =
      "workflow Sample {\n  param([string] $Path)\n  'once'\n  Checkpoint-Workflow\n  'again'\n  Get-Item $Path -ErrorAction Stop\n}";
    const parameters = { Path: "/nonexistent" };
    const first = await PwshHostRun.of(script, { parameters });
    assert.deepEqual(first.texts("Output"), ["once", "again"]);
    assert.equal(first.ended?.outcome, "Suspended");
    const { name, line, column, stack } = first.ended.exception ?? { name: "" };
    assert.deepEqual([name, line, column], ["System.Management.Automation.ItemNotFoundException", 6, 3]);
    assert.match(
      stack ?? "",
      /^At Sample\.ps1:6 char:3\n\+ {3}Get-Item \$Path -ErrorAction Stop\n.*\nat Sample, Sample\.ps1: line 6$/s,
    );
    const second = await PwshHostRun.of(script, { parameters, attempt: 2, checkpoint: first.checkpoints.at(-1) ?? "" });
    assert.deepEqual([second.texts("Output"), second.ended?.exception?.line], [["again"], 6]);
  });

  it("ends where another one is called on a computer that cannot be reached, and calls it here where that is this one", async () => {
    const run = await PwshHostRun.of(
      `workflow Other { Checkpoint-Workflow; 'other' }
workflow Sample {
  param([string] $Name)
  try { Other -PSComputerName $Name } catch { "$_" }
  $here = Other -PSComputerName localhost
  $here
}`,
      { parameters: { Name: "elsewhere" } },
    );
    const [refusal, here] = run.texts();
    assert.match(refusal ?? "", /^Other on elsewhere: this worker cannot reach other computers/);
    assert.deepEqual([run.ended?.outcome, here], ["Completed", "other"]);
  });

  it("fails where it cannot begin: parameters that do not fit, what cannot be translated", async () => {
    const bound = await PwshHostRun.of("workflow Sample { param([Parameter(Mandatory)][int] $N) $N }", {
      parameters: { N: "x" },
    });
    assert.equal(bound.ended?.outcome, "Failed");
    const misplaced = await PwshHostRun.of("workflow Sample {\n  1..2 | ForEach-Object { Checkpoint-Workflow }\n}");
    assert.equal(misplaced.ended?.outcome, "Failed");
    assert.deepEqual([misplaced.ended.exception?.line, misplaced.ended.exception?.column], [2, 27]);
  });

  it("knows the namespaces that its text uses, in its branches too", async () => {
    const run = await PwshHostRun.of(
      "using namespace System.IO\nworkflow Sample { [Path]::Combine('a', 'b'); parallel { [Path]::Combine('c', 'd') } }",
    );
    assert.deepEqual([run.ended?.outcome, run.texts()], ["Completed", ["a/b", "c/d"]]);
  });

  it("runs InlineScript for itself: with copies of what it uses, and copies of what it gives", async () => {
    const run = await PwshHostRun.of(`workflow Sample {
  $number = 5; $table = @{ A = 1 }
  $given = InlineScript {
    $used = $using:table; $used.A = 2
    "$number|$($using:number + 1)|$($used.A)"
    [pscustomobject]@{ P = 1 }
    Get-Process -Id $PID
    Write-Warning 'careful'
  } -PSComputerName localhost
  "$($given[0]) $($table.A)"
  "$($given[1].P) $($given[1].PSComputerName) $($given[1].PSSourceJobInstanceId -eq $PSPrivateMetadata.JobId) $($given[2].PSObject.TypeNames[0])"
  try { InlineScript { throw [System.IO.IOException]::new('inside') } } catch [System.IO.IOException] { "caught $_" }
  InlineScript { Get-Item /nonexistent }
  "$WorkflowCommandName goes on"
  InlineScript {
    throw 'ends it'
  }
  'never'
}`);
    assert.deepEqual(run.texts("Output"), [
      "|6|2 1",
      "1 localhost True Deserialized.System.Diagnostics.Process",
      "caught inside",
      "Sample goes on",
    ]);
    assert.deepEqual(run.texts("Warning"), ["careful"]);
    assert.match(run.texts("Error")[0] ?? "", /^Get-Item: .*Sample\.ps1:13\n/);
    assert.deepEqual(
      [run.ended?.outcome, run.ended?.exception?.message, run.ended?.exception?.line],
      ["Suspended", "ends it", 16],
    );
  });

  it("takes preferences that are given with an InlineScript for its script, and its errors as output where that is asked", async () => {
    const run = await PwshHostRun.of(
      `workflow Sample {
  $VerbosePreference = 'SilentlyContinue'
  InlineScript { Write-Warning 'silent' } -WarningAction SilentlyContinue
  InlineScript { Write-Verbose 'told' } -Verbose
  InlineScript { Write-Verbose 'not told' }
  $both = InlineScript { Write-Error 'mended'; 'fine' } -MergeErrorToOutput $true
  "$($both.Count) $($both[0].GetType().Name) $($both[1])"
}`,
      { logs: { verbose: true, debug: false, progress: false } },
    );
    const told = run.records.map(({ stream, text }) => `${stream}: ${text}`);
    assert.deepEqual(told, ["Verbose: told", "Output: 2 ErrorRecord fine"]);
  });

  it("has what Windows tells each process of its machine and of its temporary files, and takes that machine as its own", async () => {
    const run = await PwshHostRun.of(`workflow Sample {
  Set-Content -Path "$env:TEMP\\a.txt" -Value 'kept'
  InlineScript { Get-Content "$env:TMP\\a.txt" } -PSComputerName $env:COMPUTERNAME
  "$($env:COMPUTERNAME.Length -gt 0)"
}`);
    assert.deepEqual([run.ended?.outcome, run.texts()], ["Completed", ["kept", "True"]]);
  });

  it("goes on behind an InlineScript that ends itself by exit, whose code is none of the job's", async () => {
    const run = await PwshHostRun.of("workflow Sample { InlineScript { 'in'; exit 3; 'never' }; 'behind' }");
    assert.deepEqual([run.ended?.outcome, run.texts()], ["Completed", ["in", "behind"]]);
  });

  it("tells of another computer that cannot be reached", async () => {
    const run = await PwshHostRun.of("workflow Sample { InlineScript { 1 } -PSComputerName far.example }");
    assert.equal(run.ended?.outcome, "Suspended");
    assert.match(run.ended.exception?.message ?? "", /far\.example/);
  });

  it("takes an activity's own parameters off its command: retries, a time limit, a name", async () => {
    const run = await PwshHostRun.of(`workflow Sample {
  $file = [System.IO.Path]::GetTempFileName()
  function Get-Late([string] $File) { 'tried'; Add-Content $File 'x'; if (@(Get-Content $File).Count -lt 3) { throw 'not yet' }; 'there' }
  Get-Late $file -PSActionRetryCount 5 -PSActionRetryIntervalSec 1 -DisplayName 'Late'
  try { Start-Sleep 60 -PSActionRunningTimeoutSec 1 } catch { $_.Exception.Message }
  try { Get-Nothing -PSActionRetryCount 1 -PSProgressMessage 'x' } catch { $_.FullyQualifiedErrorId }
  1..3 | Where-Object { $_ -gt 1 } -PSDisableSerialization $true
}`);
    assert.equal(run.ended?.outcome, "Completed", JSON.stringify([run.ended, run.records]));
    assert.deepEqual(run.texts(), [
      "tried",
      "there",
      "Start-Sleep was ended because it ran for longer than 1 s, its PSActionRunningTimeoutSec.",
      "CommandNotFoundException",
      "2",
      "3",
    ]);
  });

  it("tells an error behind whose trap nothing leaves it, and goes on; where errors are to stop it, it ends", async () => {
    const script =
      "workflow Sample { trap { Checkpoint-Workflow; 'trapped' }; 1 / 0; 'behind'; $ErrorActionPreference = 'Stop'; 1 / 0; 'never' }";
    const run = await PwshHostRun.of(script);
    assert.deepEqual([run.ended?.outcome, run.texts("Output")], ["Suspended", ["trapped", "behind", "trapped"]]);
    assert.match(run.texts("Error")[0] ?? "", /1 \/ 0; 'behin/);
  });

  it("ends a block when one of its branches ends by an error and the others are over", async () => {
    const run = await PwshHostRun.of(`workflow Sample {
  try {
    parallel {
      sequence { Start-Sleep -Milliseconds 500; 'the other' }
      throw [System.ArgumentException]::new('branch')
    }
    'never'
  }
  catch [System.ArgumentException] { "caught $_" }
}`);
    assert.deepEqual([run.ended?.outcome, run.texts()], ["Completed", ["the other", "caught branch"]]);
  });

  it("stops in all its branches when it is told to", async () => {
    const run = new PwshHostRun();
    run.run(
      "workflow Sample { parallel { sequence { 'a'; Start-Sleep 600 }; sequence { InlineScript { 'b'; Start-Sleep 600 } } }; 'never' }",
    );
    await run.until(() => run.records.length > 1);
    run.stop();
    await run.over();
    assert.equal(run.ended?.outcome, "Stopped");
    assert.deepEqual(run.texts().toSorted(), ["a", "b"]);
  });

  it("does as the same function of PowerShell does where each statement may save a checkpoint", async () => {
    const body = `$PSPersistPreference = $false
  function Get-Own { param([Parameter(ValueFromPipeline)] $Value) process { "own $Value" } }
  Get-Item /nonexistent -ErrorAction SilentlyContinue; if ($?) { 'never' } else { "failed $?" }
  1..2 | Get-Own | ForEach-Object { "$_!" }
  :outer foreach ($a in 1..3) { switch ($a) { 2 { continue outer } { $_ -eq 3 } { break outer } default { "at $a" } } }
  trap { "trapped $_"; continue }
  throw 'x'
  $list = if ($true) { 1; 2 }; "$($list.Count) $($list -join '+')"
  try { 1 / 0 } catch [System.DivideByZeroException] { 'by zero' } finally { 'last' }
  $text = 'abc'; if ($text -match '^(?<first>.)') { $Matches['first'] }
  return 'returned'`;
    const [plain, workflow] = await Promise.all([
      PwshHostRun.of(
        `function Other { function Get-Own { 'other' }; Get-Own }\nfunction Sample {\n${body}\n}\nSample\nOther`,
      ),
      PwshHostRun.of(
        `workflow Other { function Get-Own { 'other' }; Get-Own }\nworkflow Whole {\n${body}\n}\nworkflow Sample { Whole; Other }`,
      ),
    ]);
    assert.equal(plain.ended?.outcome, "Completed");
    assert.deepEqual(workflow.texts(), plain.texts());
  });

  it("is refused a checkpoint that is too large to be kept", async () => {
    const run = await PwshHostRun.of("workflow Sample { $x = 'x' * 5MB; Checkpoint-Workflow; 'never' }");
    assert.equal(run.ended?.outcome, "Suspended");
    assert.match(run.ended.exception?.message ?? "", /at most 4194304 are kept/);
    assert.deepEqual(run.texts("Output"), []);
  });
});
