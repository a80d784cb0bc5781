import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOfScript } from "./kind-of-script.ts";

const workflows: Record<string, string> = {
  "the usual form": "workflow Get-It {\n  'x'\n}\n",
  "with a comment behind the closing brace": "workflow Get-It { 'x' } # the end of Get-It",
  "keyword of any case": "WorkFlow Get-It{ }",
  "below help, needs and requirements":
    "<#\n.SYNOPSIS\nworkflow\n#>\n#Requires -Version 3\n#Needs network\nworkflow Get-It {}",
  "the name and the brace in lines of their own": "workflow\t`\r\n Get-It # its body\r\n\r\n{ }",
  "parameters in brackets before the body": "workflow Get-It ([string] $Name) { $Name }",
  "behind functions and other workflows": "function A { 'x' } filter B { $_ }; workflow Get-It { A }",
  "behind statements": '$text = @\'\nit\'s\n\'@\n$a = "$(if ($b) { "}" })"\nworkflow Get-It {}',
  "behind a command that has the word among its words": "Write-Output workflow # {\nworkflow Get-It {}",
  "behind a quote in a comment": "# it's\n<# \" #>\n$a = 1#it's\n@{ a = 1 }#'\nworkflow Get-It {}",
  "behind escaped quotes": "Write-Output \"a`\"b\" `\" 'it''s' a`'\nworkflow Get-It {}",
  "behind a name in braces": `\${it's {} = 1\nworkflow Get-It {}`,
  "behind an expandable here-string": '@"\n"$(@\'\n"@\n\'@) it\'s {\n"@ | Out-Null\nworkflow Get-It {}',
  "behind an attribute and a param block": "[CmdletBinding()]param([string] $A = '}')\nworkflow Get-It {}",
  "behind a program's own arguments": "git log --% it's {\nworkflow Get-It {}",
  "with typographic quotes": "$a = ‘it’’s {’\nworkflow Get-It {}",
};

const scripts: Record<string, string> = {
  "in a comment": "# workflow Get-It {\n'x'",
  "in a block comment": "<#\nworkflow Get-It {\n}\n#>\n'x'",
  "in a text": "$a = 'workflow Get-It { }'\n\"\nworkflow Get-It { }\"",
  "in a here-string": "@'\nworkflow Get-It {\n}\n'@",
  "in an expandable here-string": '@"\nit"s $(\'x\')\nworkflow Get-It {\n}\n"@',
  "in what is put into a text": '"$(\nworkflow Get-It { }\n)"',
  "as a word of a command": "Write-Output workflow Get-It { 'x' }",
  "as a command of its own": "workflow Get-It",
  "as a name": "$workflow = 1\nfunction workflow { 'x' }\n$a.workflow { 1 }",
  "as a key": "@{\n  workflow = 1\n}",
  "as a part of a word": "workflows Get-It { }\nMy-workflow Get-It { }\nworkflow-run Get-It {}",
  "in a block": "if ($true) {\n  workflow Get-It { }\n}",
  "in the line after a pipe": "Get-Item x |\nworkflow Get-It { }",
  nowhere: 'param($Name)\n"Hello $Name"',
};

for (const [what, text] of Object.entries(workflows)) {
  test(`a workflow at the top level makes a PowerShellWorkflow: ${what}`, () => {
    assert.equal(kindOfScript("PowerShell", text), "PowerShellWorkflow");
    assert.equal(kindOfScript("PowerShellWorkflow", text), "PowerShellWorkflow");
  });
}

for (const [what, text] of Object.entries(scripts)) {
  test(`what only looks like a workflow makes none: ${what}`, () => {
    assert.equal(kindOfScript("PowerShell", text), "PowerShell");
    assert.equal(kindOfScript("PowerShellWorkflow", text), "PowerShell");
  });
}

test("TypeScript stays TypeScript, and no text takes long to look through", () => {
  assert.equal(kindOfScript("TypeScript", "workflow Get-It { }"), "TypeScript");
  for (const part of ["(", "{", '"$(', "@'\n", "workflow ", "workflow <#", "workflow `\n", "a#", "\n'@", "${", "`"]) {
    kindOfScript("PowerShell", `${part.repeat(50_000)} workflow`);
  }
});
