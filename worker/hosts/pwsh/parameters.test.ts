import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunMessage } from "../../../src/contract/host/host-messages.ts";
import { PwshHostRun, skip } from "./testing/pwsh-host-run.ts";

describe("parameters", { skip, concurrency: 2 }, () => {
  it("are bound by PowerShell to the types that the script declares", async () => {
    const run = await PwshHostRun.of(
      `param(
  [string] $Text, [int] $Whole, [double] $Fraction, [switch] $On, [switch] $Off, [bool] $Flag, [datetime] $When, [guid] $Id,
  [System.DayOfWeek] $Day, [string[]] $Names, [int[]] $Numbers, [uri] $Uri, [timespan] $Span, [long] $Large, $Anything, $Nothing
)
@{ text = $Text; whole = $Whole; wholeType = $Whole.GetType().Name; fraction = $Fraction; on = $On.IsPresent; off = $Off.IsPresent; flag = $Flag
  when = $When.ToUniversalTime().ToString('o'); id = "$Id"; day = "$Day"; names = $Names; namesType = $Names.GetType().Name
  numbers = $Numbers; uri = $Uri.Host; span = $Span.TotalMinutes; large = $Large
  anything = $Anything.a.b; anythingType = $Anything.GetType().Name; nothing = $null -eq $Nothing
  bound = $PSBoundParameters.Keys.Count } | ConvertTo-Json -Compress`,
      given({
        Text: { "x-type": "string", value: "a 'quoted' $text; \"and\" é" },
        Whole: { "x-type": "int", value: 42 },
        Fraction: { "x-type": "double", value: 1.5 },
        On: { "x-type": "switch", value: true },
        Off: { "x-type": "switch", value: false },
        Flag: { "x-type": "bool", value: true },
        When: { "x-type": "datetime", value: "2024-02-29T12:00:00+02:00" },
        Id: { "x-type": "guid", value: "11111111-2222-3333-4444-555555555555" },
        Day: { "x-type": "System.DayOfWeek", value: "Friday" },
        Names: { "x-type": "string[]", value: ["a", "b c"] },
        Numbers: { "x-type": "int[]", value: [1, 2] },
        Uri: { "x-type": "uri", value: "http://example.org/x" },
        Span: { "x-type": "timespan", value: "01:30:00" },
        Large: { "x-type": "long", value: 5_368_709_120 },
        Anything: { value: { a: { b: [1, { c: "d" }] } } },
        Nothing: { value: null },
      }),
    );
    assert.deepEqual(JSON.parse(run.joined("Output")), {
      text: "a 'quoted' $text; \"and\" é",
      whole: 42,
      wholeType: "Int32",
      fraction: 1.5,
      on: true,
      off: false,
      flag: true,
      when: "2024-02-29T10:00:00.0000000Z",
      id: "11111111-2222-3333-4444-555555555555",
      day: "Friday",
      names: ["a", "b c"],
      namesType: "String[]",
      numbers: [1, 2],
      uri: "example.org",
      span: 90,
      large: 5_368_709_120,
      anything: [1, { c: "d" }],
      anythingType: "PSCustomObject",
      nothing: true,
      bound: 16,
    });
  });

  it("become hashtables, secure strings and credentials where the script wants them", async () => {
    const run = await PwshHostRun.of(
      `param([hashtable] $Table, [hashtable[]] $Tables, [pscustomobject] $Object, [securestring] $Secret, [pscredential] $Login)
"$($Table.GetType().Name) $($Table.Inner.GetType().Name) $($Table.inner.x)"
"$($Tables.Count) $($Tables[1].y)"
"$($Object.GetType().Name) $($Object.z)"
"$($Secret.GetType().Name) $(ConvertFrom-SecureString $Secret -AsPlainText)"
"$($Login.UserName) $($Login.GetNetworkCredential().Password)"`,
      given({
        Table: { "x-type": "hashtable", value: { Inner: { x: 1 } } },
        Tables: { "x-type": "hashtable[]", value: [{ y: 1 }, { y: 2 }] },
        Object: { "x-type": "pscustomobject", value: { z: 3 } },
        Secret: { "x-type": "securestring", value: "s3cret" },
        Login: { "x-type": "pscredential", value: { userName: "ops", password: "p w" } },
      }),
    );
    assert.deepEqual(run.texts("Output"), [
      "Hashtable Hashtable 1",
      "2 2",
      "PSCustomObject 3",
      "SecureString s3cret",
      "ops p w",
    ]);
  });

  it("that PowerShell refuses fail the job with its own words", async () => {
    const run = await PwshHostRun.of(
      'param([ValidateScript({ $_ -gt 5 })][int] $Number)\n"never"',
      given({ Number: { "x-type": "int", value: 3 } }),
    );
    assert.equal(run.ended?.outcome, "Failed");
    assert.match(run.ended?.exception?.message ?? "", /Cannot validate argument on parameter 'Number'/);
    assert.deepEqual(run.texts("Output"), []);
  });

  it("that are mandatory and missing are not asked for", async () => {
    const run = await PwshHostRun.of('param([Parameter(Mandatory)][string] $Name)\n"never"');
    assert.equal(run.ended?.outcome, "Failed");
    assert.match(run.ended?.exception?.message ?? "", /missing mandatory parameters: Name/);
  });
});

/** Parameters with their schemas, as the hand-over carries them. */
function given(parameters: Record<string, { "x-type"?: string; value: unknown }>): Partial<RunMessage> {
  const entries = Object.entries(parameters);
  return {
    parameters: Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
    parameterSchemas: Object.fromEntries(entries.map(([name, { value: _, ...schema }]) => [name, schema])),
  };
}
