import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Analysis } from "../../../src/contract/analysis.ts";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

/** One parameter each: how it is declared, and its schema. */
const parameters: Record<string, { declaration: string; schema: Record<string, unknown>; required?: true }> = {
  Text: { declaration: "[string] $Text", schema: { type: "string", "x-type": "string" } },
  Needed: {
    declaration: "[Parameter(Mandatory)][string] $Needed",
    schema: { type: "string", minLength: 1, "x-type": "string" },
    required: true,
  },
  NotNeeded: {
    declaration: "[Parameter(Mandatory = $false)][string] $NotNeeded = 'x'",
    schema: { type: "string", "x-type": "string", default: "x" },
  },
  EmptyToo: {
    declaration: "[Parameter(Mandatory)][AllowEmptyString()][string] $EmptyToo",
    schema: { type: "string", "x-type": "string" },
    required: true,
  },
  Whole: {
    declaration: "[int] $Whole = -3",
    schema: { type: "integer", minimum: -2147483648, maximum: 2147483647, "x-type": "int", default: -3 },
  },
  Large: { declaration: "[long] $Large = 5GB", schema: { type: "integer", "x-type": "long", default: 5368709120 } },
  Small: {
    declaration: "[byte] $Small",
    schema: { type: "integer", minimum: 0, maximum: 255, "x-type": "byte" },
  },
  Fraction: { declaration: "[double] $Fraction = 1.5", schema: { type: "number", "x-type": "double", default: 1.5 } },
  Money: { declaration: "[decimal] $Money", schema: { type: "number", "x-type": "decimal" } },
  Flag: { declaration: "[bool] $Flag = $true", schema: { type: "boolean", "x-type": "bool", default: true } },
  On: { declaration: "[switch] $On", schema: { type: "boolean", "x-type": "switch" } },
  When: {
    declaration: "[datetime] $When = '2024-01-01'",
    schema: { type: "string", format: "date-time", "x-type": "datetime" },
  },
  Id: { declaration: "[guid] $Id", schema: { type: "string", format: "uuid", "x-type": "guid" } },
  Address: { declaration: "[uri] $Address", schema: { type: "string", "x-type": "uri" } },
  Span: { declaration: "[timespan] $Span", schema: { type: "string", "x-type": "timespan" } },
  Day: {
    declaration: "[System.DayOfWeek] $Day = 'friday'",
    schema: {
      type: "string",
      enum: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
      "x-type": "System.DayOfWeek",
      default: "Friday",
    },
  },
  Names: {
    declaration: "[string[]] $Names = @('a', 'b')",
    schema: { type: "array", items: { type: "string" }, "x-type": "string[]", default: ["a", "b"] },
  },
  Single: {
    declaration: "[string[]] $Single = 'a'",
    schema: { type: "array", items: { type: "string" }, "x-type": "string[]", default: ["a"] },
  },
  Filled: {
    declaration: "[ValidateNotNullOrEmpty()][string[]] $Filled",
    schema: { type: "array", items: { type: "string", minLength: 1 }, minItems: 1, "x-type": "string[]" },
  },
  List: {
    declaration: "[System.Collections.Generic.List[string]] $List",
    schema: { type: "array", items: { type: "string" }, "x-type": "System.Collections.Generic.List[string]" },
  },
  Table: {
    declaration: "[hashtable] $Table = @{ a = 1 }",
    schema: { type: "object", "x-type": "hashtable", default: { a: 1 } },
  },
  Thing: { declaration: "[pscustomobject] $Thing", schema: { type: "object", "x-type": "pscustomobject" } },
  Anything: { declaration: "$Anything", schema: {} },
  Maybe: {
    declaration: "[Nullable[int]] $Maybe",
    schema: { type: ["integer", "null"], minimum: -2147483648, maximum: 2147483647, "x-type": "Nullable[int]" },
  },
  NullToo: {
    declaration: "[AllowNull()][string] $NullToo",
    schema: { type: ["string", "null"], "x-type": "string" },
  },
  Level: {
    declaration: "[ValidateSet('low', 'high')][string] $Level = 'low'",
    schema: { type: "string", enum: ["low", "high"], "x-type": "string", default: "low" },
  },
  Levels: {
    declaration: "[ValidateSet('low', 'high')][string[]] $Levels",
    schema: { type: "array", items: { type: "string", enum: ["low", "high"] }, "x-type": "string[]" },
  },
  Percent: {
    declaration: "[ValidateRange(0, 100)][int] $Percent",
    schema: { type: "integer", minimum: 0, maximum: 100, "x-type": "int" },
  },
  Positive: {
    declaration: "[ValidateRange('Positive')][double] $Positive",
    schema: { type: "number", exclusiveMinimum: 0, "x-type": "double" },
  },
  Sized: {
    declaration: "[ValidateLength(2, 5)][string] $Sized",
    schema: { type: "string", minLength: 2, maxLength: 5, "x-type": "string" },
  },
  Counted: {
    declaration: "[ValidateCount(1, 3)][int64[]] $Counted",
    schema: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 3, "x-type": "int64[]" },
  },
  Pattern: {
    declaration: String.raw`[ValidatePattern('^[a-z]\d{2}\.log$')][string] $Pattern`,
    schema: { type: "string", pattern: String.raw`^[a-zA-Z]\p{Nd}{2}\.[lL][oO][gG]$`, "x-type": "string" },
  },
  ExactPattern: {
    declaration: "[ValidatePattern('^a+-b$', Options = 'None')][string] $ExactPattern",
    schema: { type: "string", pattern: "^a+-b$", "x-type": "string" },
  },
  ForeignPattern: {
    declaration: "[ValidatePattern('(?<=a)b')][string] $ForeignPattern",
    schema: { type: "string", "x-type": "string" },
  },
  Computed: { declaration: "[string] $Computed = (Get-Date)", schema: { type: "string", "x-type": "string" } },
  FromVariable: { declaration: "[string] $FromVariable = $env:HOME", schema: { type: "string", "x-type": "string" } },
  Password: {
    declaration: "[securestring] $Password",
    schema: { type: "string", "x-type": "securestring", "x-secret": true },
  },
  Login: {
    declaration: "[pscredential] $Login",
    schema: {
      type: "string",
      minLength: 1,
      maxLength: 128,
      "x-asset": "credential",
      "x-type": "pscredential",
    },
  },
  Token: {
    declaration: "[string] $Token = 'abc' # @secret",
    schema: { type: "string", "x-type": "string", "x-secret": true },
  },
  Unknown: { declaration: "[No.Such.Type] $Unknown", schema: { "x-type": "No.Such.Type" } },
};

describe("the analysis of a PowerShell script", { skip, concurrency: 2 }, () => {
  describe("makes each parameter a schema of what PowerShell will bind", async () => {
    const declarations = Object.values(parameters).map(({ declaration }, index, all) => {
      const [code, comment] = declaration.split(" # ");
      return `  ${code}${index < all.length - 1 ? "," : ""}${comment ? ` # ${comment}` : ""}\n`;
    });
    const analysis = skip
      ? null
      : await PwshHostRun.analysisOf(
          `[CmdletBinding(PositionalBinding = $false)]\nparam(\n${declarations.join("\n")})\n`,
        );
    for (const [name, { declaration, schema }] of Object.entries(parameters)) {
      it(declaration, { skip }, () => {
        assert.deepEqual(analysis?.signature.properties[name], schema);
      });
    }

    it("and tells which are required", { skip }, () => {
      assert.deepEqual(
        analysis?.signature.required,
        Object.entries(parameters).flatMap(([name, { required }]) => (required ? [name] : [])),
      );
      assert.equal(analysis?.signature.additionalProperties, false);
    });
  });

  it("takes help, positions and needs from where PowerShell's own conventions have them, and runs nothing", async () => {
    const script = `\ufeff<#
.SYNOPSIS
Tidies a folder,
and says so.

.DESCRIPTION
More.
.PARAMETER Folder
The folder to tidy.

It must exist.
#>
#Needs network path:/var/log:rw
#needs processes
[CmdletBinding()]
param(
  [Parameter(Mandatory)][string] $Folder,
  # How many days
  # to keep.
  [int] $Days = 1,
  [Parameter(HelpMessage = 'Only tell')][switch] $DryRun,
  # The key @secret
  [string] $Key
)
$text = @"
#Needs socket:/nothing
"@
throw [System.IO.File]::WriteAllText("/tmp/analysis-ran", "it ran")
`;
    const analysis = await PwshHostRun.analysisOf(script);
    assert.equal(analysis.synopsis, "Tidies a folder, and says so.");
    const { Folder, Days, DryRun, Key } = analysis.signature.properties;
    assert.equal(Folder?.description, "The folder to tidy.\n\nIt must exist.");
    assert.equal(Days?.description, "How many days to keep.");
    assert.equal(DryRun?.description, "Only tell");
    assert.deepEqual([Key?.description, Key?.["x-secret"]], ["The key", true]);
    assert.deepEqual(
      [Folder, Days, DryRun, Key].map((schema) => schema?.["x-position"]),
      [0, 1, undefined, 2],
    );
    assert.deepEqual(analysis.needs, ["network", "path:/var/log:rw", "processes"]);
    assert.deepEqual(analysis.problems, []);
    assert.equal(analysis.executable, script.slice(1));
  });

  it("tells every problem at its place, errors and warnings, in the order of the script", async () => {
    const analysis = await PwshHostRun.analysisOf(`#Requires -RunAsAdministrator
[CmdletBinding()]
param([string] $Name, [switch] $Verbose, [Foo] $Foo)
Read-Host 'x'
function Outer { workflow Old { } }
if ($x {
`);
    assert.deepEqual(told(analysis), [
      "1:1 error requires-administrator",
      "3:32 error common-parameter",
      "3:42 warning unknown-type",
      "4:1 warning nobody-to-answer",
      "5:18 error workflow-not-at-top-level",
      "6:8 error missing-end-curly-brace",
      "6:8 error missing-end-parenthesis-after-statement",
      "6:8 error unexpected-token",
    ]);
    assert.equal(analysis.executable, null);
    assert.match(analysis.problems[4]?.message ?? "", /top level of a file of its own/);
  });

  it("tells of a configuration of PowerShell DSC that it cannot be compiled here, and no more", async () => {
    const analysis = await PwshHostRun.analysisOf("'a'\nConfiguration Web {\n  Node x { }\n}\n'b'\n");
    assert.deepEqual(told(analysis), ["2:15 error configuration-of-dsc"]);
    assert.match(analysis.problems[0]?.message ?? "", /^A configuration of PowerShell DSC cannot be compiled here/);
  });

  it("takes a workflow's parameters, help and needs from the workflow, wherever its help stands", async () => {
    const help = (synopsis: string) => `<#\n.SYNOPSIS\n${synopsis}\n.PARAMETER Name\nWho it is for.\n#>`;
    const parameters = "param([Parameter(Mandatory)] [string] $Name, [int] $Count = 3)";
    const body = "parallel { foreach -parallel ($n in 1..3) { $n } }\nCheckpoint-Workflow\n";
    const texts = {
      "Above it.": `#Needs network\n${help("Above it.")}\nworkflow Sample {\n${parameters}\n${body}} # the end`,
      "Within it.": `#Needs network\nworkflow Sample\n{\n${help("Within it.")}\n${parameters}\n${body}}`,
      "At the top.": `${help("At the top.")}\n\n#Needs network\nfunction Other { 'x' }\n\nworkflow Sample {\n${parameters}\n${body}}`,
    };
    for (const [synopsis, script] of Object.entries(texts)) {
      const { signature, needs, problems, executable, ...more } = await PwshHostRun.analysisOf(script);
      assert.deepEqual(problems, [], synopsis);
      assert.deepEqual([signature.required, Object.keys(signature.properties)], [["Name"], ["Name", "Count"]]);
      assert.equal(signature.properties["Name"]?.description, "Who it is for.");
      assert.equal(signature.properties["Count"]?.default, 3);
      assert.deepEqual([more.synopsis, needs, executable], [synopsis, ["network"], script]);
    }
  });

  it("tells at its place what of a workflow cannot run, and why a workflow of another name is refused", async () => {
    const misplaced = await PwshHostRun.analysisOf(`workflow Sample {
  param([switch] $Verbose)
  1..3 | ForEach-Object { Checkpoint-Workflow }
  InlineScript { Suspend-Workflow }
  trap { Checkpoint-Workflow }
  1..3 | InlineScript { 'x' }
}
class Point { [void] Save() { Checkpoint-Workflow } }
`);
    assert.deepEqual(
      told(misplaced).map((problem) => problem.replace(/(?<=error ).*/, "")),
      ["2:18 error ", "3:27 error ", "4:18 error ", "6:10 error ", "8:31 error "],
    );
    assert.match(misplaced.problems[1]?.message ?? "", /ForEach-Object.*Write a foreach loop/);
    assert.equal(misplaced.executable, null);
    const other = await PwshHostRun.analysisOf("function A { }\nworkflow Other { 'x' }\n", "Sample");
    assert.deepEqual(told(other), ["2:1 error workflow-name-differs"]);
    assert.match(other.problems[0]?.message ?? "", /Write `workflow Sample`, or call the file Other\.ps1/);
    assert.deepEqual(told(await PwshHostRun.analysisOf("workflow sample { 'x' }", "Sample")), []);
  });

  it("warns where a workflow reads a variable that InlineScript does not see, and of computers that it cannot reach", async () => {
    const workflow = await PwshHostRun.analysisOf(`workflow Sample {
  param([string] $Name, [hashtable] $Table)
  foreach ($item in 1..2) {
    InlineScript { "$Name $using:item $item"; $count += 1; Write-Output @Table }
  }
  $count = 1; $own = 2; $ErrorActionPreference = 'Stop'; $null = Get-Date
  InlineScript { $null -eq 1; $own = 3; "$own $($using:Table.Name) $ErrorActionPreference"; & { param($Name) $Name }; Get-Item / -OutVariable count; $count }
  InlineScript { $workflow:own } -PSComputerName 'db1', 'localhost'
  Get-Date -PSComputerName $Name
  Get-Date -PSComputerName localhost
}
`);
    assert.deepEqual(told(workflow), [
      "4:21 warning inline-script-without-using",
      "4:39 warning inline-script-without-using",
      "4:47 warning inline-script-without-using",
      "4:73 warning inline-script-without-using",
      "8:18 warning inline-script-without-using",
      "8:34 warning other-computer",
    ]);
    const messages = workflow.problems.map(({ message }) => message);
    assert.match(messages[0] ?? "", /\$Name is empty here\. Write \$using:Name/);
    assert.match(messages[2] ?? "", /Begin the block with \$count = \$using:count/);
    assert.match(
      messages[5] ?? "",
      /InlineScript on db1: .* Remove -PSComputerName, and call Invoke-Command -HostName/,
    );
    assert.notEqual(workflow.executable, null);
  });

  it("warns of commands that only Windows has, but for those that the script has, or calls for another computer", async () => {
    const script = await PwshHostRun.analysisOf(`Get-WmiObject Win32_Service
function Get-EventLog { 'own' }
Get-EventLog
Invoke-Command -HostName a { Get-ADUser x }
if ($IsWindows) { Get-Service } else { Get-Process }
Get-ADUser x | Get-Service
`);
    assert.deepEqual(told(script), [
      "1:1 warning windows-only",
      "6:1 warning windows-only",
      "6:16 warning windows-only",
    ]);
    assert.match(script.problems[0]?.message ?? "", /Get-WmiObject exists on Windows only.*Read \/proc and \/sys/);
  });

  it("lets a script with warnings only run, and takes one without anything as it is", async () => {
    const [warned, empty] = await Promise.all([PwshHostRun.analysisOf("Read-Host"), PwshHostRun.analysisOf("")]);
    assert.equal(warned.executable, "Read-Host");
    assert.deepEqual(
      { ...empty, signature: empty.signature.properties },
      { signature: {}, needs: [], problems: [], synopsis: "", calls: [], executable: "" },
    );
  });
});

function told(analysis: Analysis): string[] {
  return analysis.problems
    .map(({ line, column, severity, code }) => `${line}:${column} ${severity} ${code}`)
    .toSorted();
}
