import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { generate } from "selfsigned";
import { findPwsh } from "../worker/hosts/pwsh/find-pwsh.ts";
import { skipUnless } from "./support/requires.ts";
import type { System } from "./support/system.ts";
import { startSystem } from "./support/system.ts";

const password = "correct-horse-battery";
const token = "tok-en-of-the-variable";

const connectionPassword = "of-the-connection";

const inTypeScript = `import type { Credential } from "runsmith";
import { createSecureContext } from "node:tls";
import { certificate, connection, credential, setVariable, variable } from "runsmith";
export default async function ({ login }: { login: Credential }) {
  const { userName, password } = await credential("OPS");
  console.log("typescript", userName, password, login.password === password);
  console.log(Buffer.from(userName + ":" + password).toString("base64"));
  console.log(await variable("Token"));
  await setVariable("Count", (await variable<number>("Count")) + 1);
  const { Host, Port, Password } = await connection("Build");
  console.log("connection", Host, Port, Password);
  const { thumbprint, subject, ...keys } = await certificate("web");
  createSecureContext(keys);
  console.log("certificate", subject, thumbprint.length);
  return { count: await variable("Count") };
}
`;

const inPowerShell = `param([Parameter(Mandatory)][pscredential] $Login)
$ops = Get-AutomationPSCredential -Name ops
$password = $ops.GetNetworkCredential().Password
"powershell $($ops.UserName) $password $($Login.GetNetworkCredential().Password -ceq $password)"
[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes("$($ops.UserName):$password"))
Get-AutomationVariable -Name Token
Set-AutomationVariable -Name Count -Value ((Get-AutomationVariable -Name Count) + 1)
"count $(Get-AutomationVariable -Name Count)"
$build = Get-AutomationConnection -Name Build
"connection $($build.Host) $($build.Port) $($build.Password)"
$certificate = Get-AutomationCertificate -Name web
"certificate $($certificate.Subject) $($certificate.HasPrivateKey)"
`;

test("assets that were set are used by a runbook in each language, and its output shows their secrets masked", {
  ...skipUnless("bubblewrap"),
  timeout: 240_000,
}, async () => {
  await using system = await startSystem();
  await succeeds(system.start(["set-credential", "ops", "--user", "admin"], `${password}\n`).ended);
  await succeeds(system.run("set-variable", "Count", "--value", "40"));
  await writeFile(join(system.folder, "token"), token);
  await succeeds(system.run("set-variable", "Token", "--file", "token", "--encrypted"));
  const fields = ["--field", "Host:required", "--field", "Port:number", "--field", "Password:encrypted"];
  await succeeds(system.run("set-connection-type", "Server", ...fields));
  const plain = ["--type", "Server", "--field", "Host=build", "--field", "Port=22"];
  const secret = ["--secret-field", "Password"];
  await succeeds(system.start(["set-connection", "Build", ...plain, ...secret], `${connectionPassword}\n`).ended);
  const { private: key, cert } = await generate([{ name: "commonName", value: "web" }], { keySize: 2048 });
  await writeFile(join(system.folder, "web.pem"), cert + key);
  await succeeds(system.run("set-certificate", "web", "--file", "web.pem"));

  const typescript = await outputOf(system, "Use-Assets.ts", inTypeScript);
  assert.match(typescript, /^typescript admin \*{8} true$/m);
  assert.match(typescript, /^\{ count: 41 \}$/m);
  assert.match(typescript, /^connection build 22 \*{8}$/m);
  assert.match(typescript, /^certificate CN=web 40$/m);
  const pwsh = await findPwsh();
  if (!("missing" in pwsh)) {
    const powershell = await outputOf(system, "Use-AssetsToo.ps1", inPowerShell);
    assert.match(powershell, /^powershell admin \*{8} True$/m);
    assert.match(powershell, /^count 42$/m);
    assert.match(powershell, /^connection build 22 \*{8}$/m);
    assert.match(powershell, /^certificate CN=web True$/m);
  }

  const refused = await started(system, "Use-Assets", "login=none");
  assert.notEqual(refused.code, 0);
  assert.match(refused.stdout + refused.stderr, /There is no credential "none" that this job may use/);

  await system.stop();
  for (const name of await readdir(system.dataDirectory)) {
    const bytes = await readFile(join(system.dataDirectory, name)).catch(() => Buffer.alloc(0));
    for (const secret of [password, token, connectionPassword])
      assert.ok(!bytes.includes(secret), `${secret} in ${name}`);
  }
});

const twice = `import { readFileSync, writeFileSync } from "node:fs";
import { credential, job } from "runsmith";
/** @needs path:FOLDER:rw */
export default async function () {
  if (job.attempt > 1) return console.log("left behind:", readFileSync("FOLDER/left", "utf8"));
  writeFileSync("FOLDER/left", (await credential("ops")).password);
  process.kill(process.pid, "SIGKILL");
}
`;

test("what an attempt was given is masked in the next one, which was told of it by the database", {
  ...skipUnless("bubblewrap"),
  timeout: 120_000,
}, async () => {
  await using system = await startSystem();
  const folder = join(system.folder, "granted");
  await mkdir(folder);
  // Hosts of a worker that is root are other accounts.
  await chmod(folder, 0o777);
  await chmod(system.folder, 0o755);
  await succeeds(system.start(["set-credential", "ops", "--user", "admin"], `${password}\n`).ended);
  await writeFile(join(system.folder, "Twice.ts"), twice.replaceAll("FOLDER", folder));
  await succeeds(system.run("import-runbook", "Twice.ts", "--publish", "--grant-needed"));
  await succeeds(system.run("set-runbook", "Twice", "--attempts", "2"));
  const { code, stdout, stderr } = await system.run("start-runbook", "Twice", "--follow");
  assert.equal(code, 0, stdout + stderr);
  assert.equal(await readFile(join(folder, "left"), "utf8"), password);
  assert.match(stdout, /^left behind: \*{8}$/m);
  assert.ok(!stdout.includes(password));
});

test("a job has what its runbook's principal may use at the moment, whoever started it, and learns nothing of the rest", {
  ...skipUnless("bubblewrap"),
  timeout: 120_000,
}, async () => {
  await using system = await startSystem();
  await succeeds(system.start(["set-credential", "ops", "--user", "admin"], `${password}\n`).ended);
  await succeeds(system.run("new-service-principal", "web"));
  const script = `import { credential } from "runsmith";
export default async function () {
  try {
    const { userName, password } = await credential("ops");
    return \`\${userName} has \${password.length} characters\`;
  } catch (error) {
    return (error as Error).message;
  }
}
`;
  await writeFile(join(system.folder, "As-Whom.ts"), script);
  await succeeds(system.run("import-runbook", "As-Whom.ts", "--publish"));
  const answer = async (...more: string[]) => {
    const { code, stdout, stderr } = await system.run("start-runbook", "As-Whom", "--follow", ...more);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  const has = /admin has 21 characters/;
  assert.match(await answer(), has, "the administrator published it");
  await succeeds(system.run("set-runbook", "As-Whom", "--run-as", "service-principal:web"));
  const unknown = /There is no credential "ops" that this job may use/;
  assert.match(await answer(), unknown);
  await succeeds(system.run("new-right", "--principal", "web", "--role", "author", "--on", "runbook:As-Whom"));
  assert.match(await answer(), unknown, "who may edit a runbook may not use the credential");
  await succeeds(system.run("new-right", "--principal", "web", "--role", "operator", "--on", "credential:ops"));
  assert.match(await answer(), has);
  const disabled = await system.run("disable-service-principal", "web");
  assert.match(disabled.stderr, /Jobs of these runbooks act as web, and are refused from now on: As-Whom\./);
  const refused = await system.run("start-runbook", "As-Whom");
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /run as service-principal web, which is disabled/);
  await succeeds(system.run("disable-service-principal", "web", "--reassign-runbooks", "user:administrator"));
  assert.match(await answer(), has);
});

/** What a runbook prints whose parameter names the credential. */
async function outputOf(system: System, file: string, script: string): Promise<string> {
  await writeFile(join(system.folder, file), script);
  await succeeds(system.run("import-runbook", file, "--publish"));
  const { code, stdout, stderr } = await started(system, file.replace(/\.\w+$/, ""), "login=ops");
  assert.equal(code, 0, stdout + stderr);
  for (const secret of [password, token, connectionPassword, Buffer.from(`admin:${password}`).toString("base64")])
    assert.ok(!stdout.includes(secret), stdout);
  assert.equal(stdout.split("********").length - 1, 4, stdout);
  return stdout;
}

function started(system: System, runbook: string, parameter: string) {
  return system.run("start-runbook", runbook, "-p", parameter, "--follow");
}

async function succeeds(command: Promise<{ code: number | null; stderr: string }>): Promise<void> {
  const { code, stderr } = await command;
  assert.equal(code, 0, stderr);
}
