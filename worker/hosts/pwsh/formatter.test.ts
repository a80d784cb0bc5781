import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { PwshHostRun, program, skip } from "./testing/pwsh-host-run.ts";

/*
 * What pwsh itself prints is the measure. Tables without declared widths take the widths of the rows of their first 300 ms,
 * so on a busy machine later rows may come too late to count: in these samples the first row of each is the widest.
 */
const samples: Record<string, string> = {
  "strings, of one line and many, empty, long, wide and with tabs": `
'one'; "two\`nthree"; ''; 'x' * 300; "tab\`tx"; "é漢字"; 'a'..'e'`,
  "numbers and other small values": `
1; 2.5; 1e20; 3.14159265358979; [decimal]1.10; 1GB; [double]::NaN; $true; $null; [char]'x'; -7; [bigint]12345678901234567890; 1/3`,
  "objects as a table, strings between them, and objects of another kind after them": `
"start"
[pscustomobject]@{ Name = 'alpha'; Count = 100; Ratio = 0.55 }
"middle"
[pscustomobject]@{ Name = 'beta'; Count = 2; Ratio = 1 }
[pscustomobject]@{ Other = 'beta' }
42
"end"`,
  "objects as a list, and as a table too wide": `
[pscustomobject]@{ A = 1; B = 2; C = 3; D = 4; E = 5; F = 'x' * 200 }
[pscustomobject]@{ A = 1; B = 2; C = 3; D = 4; E = 5; F = 'y' }
1..3 | ForEach-Object { [pscustomobject]@{ First = 'f' * 40; Second = 's' * 50; Third = 't' * 60; Fourth = $_ } }`,
  "hashtables and nested values": `
[ordered]@{ One = 1; Two = 'zwei'; Three = @(1, 2, 3); Four = @{ x = 1 } }
[pscustomobject]@{ Name = 'n'; Inner = [pscustomobject]@{ X = 1; Y = 2 }; List = 1, 2, 3; Hash = @{ k = 'v' }; Null = $null; Empty = '' }
,@(1, 2, 3)
@(@(1, 2), @(3, 4))`,
  "Format-Table, with calculated columns, fitted, grouped, wrapped": `
1..5 | ForEach-Object { [pscustomobject]@{ N = $_; Square = $_ * $_; Text = 't' * $_ } } | Format-Table -AutoSize
1..3 | ForEach-Object { [pscustomobject]@{ N = $_; Square = $_ * $_ } } | Format-Table N, @{ n = 'Twice'; e = { $_.Square * 2 }; align = 'left' }
1..4 | ForEach-Object { [pscustomobject]@{ N = $_; Odd = [bool]($_ % 2) } } | Sort-Object Odd, N | Format-Table N -GroupBy Odd
1..2 | ForEach-Object { [pscustomobject]@{ First = 'f ' * 40; Second = 's ' * 50; Third = $_ } } | Format-Table -Wrap
'x'`,
  "Format-List, Format-Wide and Format-Custom": `
[pscustomobject]@{ N = 1; Square = 2 } | Format-List
Get-Item /usr/bin/env | Format-List Name, Length
1..20 | ForEach-Object { [pscustomobject]@{ N = "item$_" } } | Format-Wide -Column 4
1..20 | ForEach-Object { [pscustomobject]@{ N = "item$_" } } | Format-Wide -AutoSize
[pscustomobject]@{ A = 1; B = @{ x = 1 } } | Format-Custom`,
  "errors between objects": `
"a"
[pscustomobject]@{ A = 100; B = 200 }
Write-Error "first"
Get-Item /nonexistent
[pscustomobject]@{ A = 3; B = 4 }
1/0
"b"
Write-Error -Message "second" -Category InvalidData -ErrorId My
function f { Write-Error "in function"; throw "inside" }
try { f } catch { "caught $_" }
[int]'abc'
nosuchcommand
$x = $null; $x.Foo()
$Error.Count`,
  "files and folders, chosen properties, groups and sums": `
Get-ChildItem /usr -Directory | Sort-Object Name | Select-Object -First 4
Get-Item /usr/bin/env, /usr/bin/ls | Select-Object Name, Length, Extension, DirectoryName, IsReadOnly
'a', 'b', 'a' | Group-Object | Sort-Object Name | Select-Object Name, Count
1..9 | Measure-Object -Sum -Average -Maximum`,
  "dates, enumerations and other classes": `
[datetime]'2024-02-29 13:45:10'
[timespan]'1.02:03:04'
[datetimeoffset]'2024-02-29T13:45:10+02:00'
[System.DayOfWeek]::Monday
[guid]'11111111-2222-3333-4444-555555555555'
[version]'1.2.3'
[uri]'http://example.org/x?y=1'
[xml]'<a><b>1</b></a>'
[System.Text.StringBuilder]::new("abc")
[System.Net.IPAddress]::Parse('127.0.0.1')
{ a script block }
try { throw [System.IO.FileNotFoundException]::new("gone") } catch { $_.Exception.Message; $_.Exception.GetType() }`,
  "JSON, and classes of the script's own": `
class Point {
  [int] $X; [int] $Y
  Point($x, $y) { $this.X = $x; $this.Y = $y }
  [string] ToString() { return "($($this.X),$($this.Y))" }
}
[ordered]@{ a = 1; b = @(1, 2, @{ c = 'x' }) } | ConvertTo-Json -Depth 5 -Compress
'{"a":1,"b":[1,2],"c":{"d":"e"}}' | ConvertFrom-Json
[Point]::new(1, 2)
"$([Point]::new(5, 6))"`,
  "what goes to the console by name": `
"one" | Out-Host
[pscustomobject]@{ A = 1 } | Out-Host
[pscustomobject]@{ A = 1 } | Out-String
"two" | Out-Default
$host.UI.WriteLine("direct")
Write-Information hidden
"hidden"`,
  "programs, alone, in a pipeline and captured": `
/bin/echo "native one"
/bin/sh -c 'echo out; exit 3'
"code $LASTEXITCODE"
$x = /bin/sh -c 'echo captured; sleep 0.2; echo e >&2' 2>&1
$x
/bin/seq 1 5 | ForEach-Object { "line $_" }
'in' | /bin/cat`,
  "colours, which are left out, and wide characters in columns": `
"\`e[31mred\`e[0m text"
$PSStyle.Foreground.Green + "green" + $PSStyle.Reset
[pscustomobject]@{ 名前 = '漢字漢字'; Value = "\`e[31mred colour\`e[0m" }
[pscustomobject]@{ 名前 = 'abc'; Value = 'x' }`,
  "begin, process and end, help and commands": `
param([int] $N = 2)
begin { "begin" }
process { "process $N" }
end {
  function Get-It { <#
.SYNOPSIS
Gets it.
#> param([string] $Name) }
  Get-Help Get-It
  Get-Command Get-It -Syntax
  Get-Command Get-Item
  $PSVersionTable.PSVersion
}`,
};

describe("the text of Output is byte for byte what pwsh prints at the same width", {
  skip,
  concurrency: 2,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "runsmith-pwsh-formatter-"));
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [index, [what, script]] of Object.entries(samples).entries()) {
    it(`for ${what}`, async () => {
      const home = path.join(folder, String(index));
      await mkdir(home);
      const [run, expected] = await Promise.all([PwshHostRun.of(script), printed(home, script)]);
      assert.equal(run.joined("Output"), expected.output);
      assert.equal(ofAnyFolder(run.joined("Error")), ofAnyFolder(expected.errors));
      assert.equal(run.ended?.outcome, "Completed");
    });
  }

  it("and so is the error that ended a script", async () => {
    const script = "Write-Error 'one'\n$ErrorActionPreference = 'Stop'\n1 / 0\n";
    const home = path.join(folder, "ended");
    await mkdir(home);
    const [run, expected] = await Promise.all([PwshHostRun.of(script), printed(home, script)]);
    assert.equal(run.ended?.outcome, "Failed");
    assert.equal(ofAnyFolder(run.joined("Error")), ofAnyFolder(expected.errors));
  });
});

describe("a script that ends early", { skip }, () => {
  const report = "[pscustomobject]@{ A = 1 }; [pscustomobject]@{ A = 2 }";
  for (const end of ["throw 'over'", "exit", "exit 3"]) {
    for (const [kind, script] of [
      ["script", `${report}; ${end}`],
      ["workflow", `workflow Sample { ${report}; ${end} }`],
    ] as const) {
      it(`keeps its last table, which pwsh would lose, and has it once: a ${kind} with ${end}`, async () => {
        const run = await PwshHostRun.of(script);
        assert.equal(run.joined("Output"), "\nA\n-\n1\n2\n\n");
        assert.deepEqual(
          run.records.filter(({ stream }) => stream === "Output").map(({ value }) => value),
          [{ A: 1 }, { A: 2 }],
        );
      });
    }
  }
});

/** What `pwsh -File` prints on a terminal of 120 columns whose output is redirected. */
async function printed(home: string, script: string): Promise<{ output: string; errors: string }> {
  assert.ok(program !== null);
  const file = path.join(home, "Sample.ps1");
  const [output, errors] = [path.join(home, "output"), path.join(home, "errors")];
  await writeFile(file, script);
  const command = `stty cols 120 rows 50; '${program.command}' -NoProfile -NonInteractive -File '${file}' >'${output}' 2>'${errors}'`;
  const terminal = spawn("/usr/bin/script", ["-qec", command, "/dev/null"], {
    env: {
      PATH: "/usr/bin:/bin",
      HOME: home,
      LANG: "C.UTF-8",
      TZ: "UTC",
      NO_COLOR: "1",
      POWERSHELL_TELEMETRY_OPTOUT: "1",
    },
    cwd: "/tmp",
    stdio: "ignore",
  });
  await new Promise((resolve, reject) => terminal.once("error", reject).once("close", resolve));
  return { output: await readFile(output, "utf8"), errors: await readFile(errors, "utf8") };
}

/** Errors name the script's file, which lies elsewhere; and pwsh may end them with an empty line. */
function ofAnyFolder(text: string): string {
  return text.replaceAll(/\/[^\s:]*\/Sample\.ps1/g, "Sample.ps1").replace(/\n+$/, "\n");
}
