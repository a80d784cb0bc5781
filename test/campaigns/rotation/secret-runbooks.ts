import { createHash } from "node:crypto";
import type { RunbookKind } from "../../../src/contract/runbook-kind.ts";

/** The secrets that runbooks find in assets. */
export const secrets = {
  password: "of-the-credential-0123456789",
  variable: "of-the-variable-0123456789",
  connection: "of-the-connection-0123456789",
} as const;

/** By what a runbook knows whether it was given the right secrets: it is not secret itself. */
export function proofOf(parameter: string): string {
  return createHash("sha256")
    .update([secrets.password, secrets.variable, secrets.connection, parameter].join("|"))
    .digest("hex");
}

const typeScript = `import type { Secret } from "runsmith";
import { createHash } from "node:crypto";
import { createSecureContext } from "node:tls";
import { certificate, connection, credential, setVariable, variable } from "runsmith";
export default async function ({ proof, token }: { proof: string; token: Secret }) {
  const { password } = await credential("ops");
  const texts = [password, await variable("Key"), (await connection("Build")).Password, token];
  if (createHash("sha256").update(texts.join("|")).digest("hex") !== proof) throw new Error("other secrets");
  const { thumbprint, subject, ...keys } = await certificate("web");
  createSecureContext(keys);
  await setVariable("Last", proof);
  console.log("password", password);
}
`;

const durable = `import type { Secret } from "runsmith";
import { createHash } from "node:crypto";
import { connection, credential, sleepUntil, step, variable } from "runsmith";
export default async function ({ proof, token }: { proof: string; token: Secret }) {
  const password = await step("take the password", async () => (await credential("ops")).password);
  await sleepUntil(new Date(Date.now() + 1_500));
  const texts = [password, await variable("Key"), (await connection("Build")).Password, token];
  if (createHash("sha256").update(texts.join("|")).digest("hex") !== proof) throw new Error("other secrets");
  console.log("password", password);
}
`;

const powerShell = `param([Parameter(Mandatory)][string] $Proof, [Parameter(Mandatory)][securestring] $Token)
$ErrorActionPreference = 'Stop'
$password = (Get-AutomationPSCredential -Name ops).GetNetworkCredential().Password
$given = [Net.NetworkCredential]::new('', $Token).Password
$texts = $password, (Get-AutomationVariable -Name Key), (Get-AutomationConnection -Name Build).Password, $given
$bytes = [Security.Cryptography.SHA256]::HashData([Text.Encoding]::UTF8.GetBytes($texts -join '|'))
if ([Convert]::ToHexString($bytes).ToLower() -ne $Proof) { throw 'other secrets' }
if (-not (Get-AutomationCertificate -Name web).HasPrivateKey) { throw 'no key' }
Set-AutomationVariable -Name Last -Value $Proof
"password $password"
`;

/** Runbooks that use a secret of each sort and fail when one is not what it was; each prints one, which has to be masked. */
export const secretRunbooks: { name: string; kind: RunbookKind; source: string }[] = [
  { name: "Use-Secrets", kind: "TypeScript", source: typeScript },
  { name: "Use-SecretsLater", kind: "TypeScript", source: durable },
  { name: "Use-SecretsToo", kind: "PowerShell", source: powerShell },
];
