import assert from "node:assert/strict";
import { test } from "node:test";
import { assetsNamedIn } from "./named-assets.ts";

const named = (source: string, kind: "TypeScript" | "PowerShell") =>
  assetsNamedIn(source, kind).map((asset) => `${asset.kind} ${asset.name}`);

test("the assets that a TypeScript runbook names are found, in any quotes and with type arguments", () => {
  const source = `
    const site = await variable<string>("Site");
    const login = await credential( 'ops' );
    await setVariable(\`Last run\`, 1);
    const server = await connection<{ host: string }>("build server");
    const key = await certificate("signing"), again = await credential("ops");
    const unknown = await variable(name) + await variable(\`\${name}\`);`;
  assert.deepEqual(named(source, "TypeScript"), [
    "variable Site",
    "credential ops",
    "variable Last run",
    "connection build server",
    "certificate signing",
  ]);
});

test("a script that is made to be hard to read is read in a moment", () => {
  const hard = [
    `variable${" ".repeat(1e6)}`,
    "variable<".repeat(2e5),
    "variable(".repeat(2e5),
    `variable("${"x".repeat(1e6)}`,
  ];
  for (const source of hard) assert.deepEqual(named(source, "TypeScript"), []);
  const commands = [`Get-AutomationVariable${" ".repeat(1e6)}`, `Get-AutomationVariable '${"x".repeat(1e6)}`];
  for (const source of commands) assert.deepEqual(named(source, "PowerShell"), []);
});

test("the assets that a PowerShell runbook names are found, whatever the case and the quotes", () => {
  const source = `
    $site = Get-AutomationVariable -Name 'Site'
    $login = get-automationpscredential ops
    Set-AutomationVariable -Name "Last run" -Value (Get-Date)
    $c = Get-AutomationConnection -Name:'Bob''s server'
    $k = Get-AutomationCertificate "signing"; $n = Get-AutomationVariable -Name $name
    $o = Get-AutomationVariable -Name "$prefix-x"`;
  assert.deepEqual(named(source, "PowerShell"), [
    "variable Site",
    "credential ops",
    "variable Last run",
    "connection Bob's server",
    "certificate signing",
  ]);
});
