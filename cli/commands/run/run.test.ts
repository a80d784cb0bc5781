import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { skipUnless } from "../../../test/support/requires.ts";
import { findPwsh } from "../../../worker/hosts/pwsh/find-pwsh.ts";
import { testRuntimeDirectory } from "../../../worker/testing/test-worker.ts";
import { runsmith } from "../../testing/runsmith.ts";

const folder = mkdtempSync(join(tmpdir(), "runsmith-run-command-test-"));
// Hosts of root are other accounts.
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));

const data = join(folder, "server", "data");
const token = join(data, "admin.token");
mkdirSync(data, { recursive: true });
// Open to all, so that nothing but the command itself keeps a script from it.
writeFileSync(token, "the administrator's token", { mode: 0o644 });

/** As a server that is ready, or was killed, tells the commands of its machine. */
function announced(pid: number): Record<string, string> {
  const runtime = mkdtempSync(join(folder, "runtime-"));
  mkdirSync(join(runtime, "runsmith"), { mode: 0o700 });
  const entry = { url: "http://127.0.0.1:1", tokenFile: token, pid };
  writeFileSync(join(runtime, "runsmith", `${pid}.json`), JSON.stringify(entry), { mode: 0o600 });
  return { XDG_RUNTIME_DIR: runtime };
}

const reader = join(folder, "Read-Token.ts");
writeFileSync(
  reader,
  'import { readFileSync } from "node:fs";\nexport default ({ file }: { file: string }) => readFileSync(file, "utf8");\n',
);

function run(script: string, more: readonly string[], env: Record<string, string>) {
  return runsmith(["run", script, "--runtime-dir", testRuntimeDirectory, ...more], env);
}

const readToken = ["-p", `file=${token}`];

describe("run, on the machine of a server", () => {
  it("shows a script nothing of the server's data, though a folder around it is granted", async () => {
    const grant = ["--grant", `path:${folder}:r`];
    const unknown = await run(reader, [...readToken, ...grant], {});
    assert.match(unknown.stdout, /the administrator's token/, unknown.stderr);
    const { code, stdout, stderr } = await run(reader, [...readToken, ...grant], announced(process.pid));
    assert.equal(code, 1);
    assert.doesNotMatch(stdout, /the administrator's token/);
    assert.match(stderr, /ENOENT/);
  });

  it("refuses a grant of the server's data itself, of a server that was killed too", async () => {
    const { code, stderr } = await run(reader, [...readToken, "--grant", `path:${data}:r`], announced(2 ** 22));
    assert.equal(code, 1);
    assert.match(stderr, /refused: it leads to .* which belongs to Runsmith itself/);
  });

  it("is refused without a sandbox when the script could read the server's data, unless every runbook is trusted", async () => {
    const env = announced(process.pid);
    const refused = await run(reader, [...readToken, "--sandbox", "none"], env);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /could read .*server\/data/);
    const trusted = await run(reader, [...readToken, "--sandbox", "none", "--i-trust-every-runbook"], env);
    assert.equal(trusted.code, 0, trusted.stderr);
  });
});

describe("run that cannot do what it is told", () => {
  it("says that other runbooks take an import and a start", async () => {
    const caller = join(folder, "Call-Other.ts");
    writeFileSync(
      caller,
      'import { runbook } from "runsmith";\nexport default async function () {\n  await runbook("Other");\n}\n',
    );
    const { code, stderr } = await run(caller, [], {});
    assert.equal(code, 1);
    assert.match(stderr, /import-runbook PATH --publish.*start-runbook NAME/);
  });

  it("says how a list is written", async () => {
    const lists = join(folder, "Take-List.ts");
    writeFileSync(lists, "export default async function ({ servers }: { servers: string[] }) {}\n");
    const { code, stderr } = await run(lists, ["-p", "servers=a"], {});
    assert.equal(code, 2);
    assert.match(stderr, /must be array: write it as JSON: -p 'servers=\["a","b"\]'/);
  });
});

describe("run with assets of files", () => {
  const assets = join(folder, "assets.json");
  writeFileSync(
    assets,
    JSON.stringify({
      variables: { Region: "west", Token: { value: "tok-en-of-a-file", encrypted: true } },
      credentials: { ops: { userName: "admin", password: "pass-of-a-file" } },
      connections: {
        Db: { connectionType: "Db", fields: { Host: "here", Password: "conn-of-a-file" }, secretFields: ["Password"] },
      },
    }),
  );
  const local = join(folder, "LocalAssets.json");
  writeFileSync(
    local,
    `\ufeff${JSON.stringify({ Variable: [{ Name: "Region", Value: "east", LastModified: "2015-01-01T00:00:00Z" }], Certificate: [{ Name: "Web", Thumbprint: "AB" }] })}`,
  );
  const secure = join(folder, "SecureLocalAssets.json");
  writeFileSync(
    secure,
    JSON.stringify({
      Variable: [{ Name: "Token", Value: "tok-en-of-a-file" }],
      PSCredential: [{ Name: "ops", Username: "admin", Password: "pass-of-a-file" }],
      Connection: [{ Name: "Db", ConnectionType: "Db", ValueFields: { Host: "here", Password: "conn-of-a-file" } }],
    }),
  );
  const script = join(folder, "Use-Assets.ts");
  writeFileSync(
    script,
    `import type { Credential } from "runsmith";
import { certificate, connection, credential, setVariable, variable } from "runsmith";
export default async function ({ login }: { login?: Credential }) {
  const { userName, password } = login ?? (await credential("ops"));
  const { Host, Password } = await connection<{ Host: string; Password: string }>("Db");
  console.log(await variable("Region"), await variable("Token"), userName, password, Host, Password);
  await setVariable("Region", "south");
  console.log(await variable("Region"));
  await certificate("Web").catch((error) => console.log(error.code, error.message));
}
`,
  );

  it("in Runsmith's own form, a parameter that names a credential included, masked as by a worker", async () => {
    const { code, stdout, stderr } = await run(script, ["--assets", assets, "-p", "login=OPS"], {});
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.split("\n").slice(0, 3), [
      "west ******** admin ******** here ********",
      "south",
      `asset-not-found There is no certificate "Web". Add it to ${assets}.`,
    ]);
  });

  it("in the two files of Microsoft's authoring toolkit", async () => {
    const { code, stdout, stderr } = await run(script, ["--assets", local, "--assets", secure], {});
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.split("\n").slice(0, 2), ["east ******** admin ******** here ********", "south"]);
    assert.match(
      stdout,
      /asset-unavailable The certificate "Web" cannot be had here: the file only tells its thumbprint, AB/,
    );
  });

  it("says what to do without them, and what is wrong with a file, without quoting it", async () => {
    const without = await run(script, ["-p", "login=ops"], {});
    assert.equal(without.code, 1);
    assert.match(without.stderr, /There is no credential "ops"\. Give a file that holds it: --assets assets\.json\./);
    const broken = join(folder, "broken.json");
    writeFileSync(broken, '{"credentials": {"ops": "pass-of-a-file"');
    const refused = await run(script, ["--assets", broken], {});
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /broken\.json holds no assets: it is not JSON/);
    assert.doesNotMatch(refused.stderr, /pass-of-a-file/);
  });
});

describe("a worker, on the machine of a server", () => {
  it("refuses to start without a sandbox when scripts could read the server's data", async () => {
    const tokenFile = join(folder, "worker.token");
    writeFileSync(tokenFile, "a token", { mode: 0o600 });
    const { code, stderr } = await runsmith(
      ["worker", "--server", "http://127.0.0.1:1", "--token-file", tokenFile, "--sandbox", "none"],
      announced(process.pid),
    );
    assert.notEqual(code, 0);
    assert.match(stderr, /could read .*server\/data/);
  });
});

const pwsh = await findPwsh();

describe("run of a PowerShell script", {
  skip: skipUnless("pwsh").skip || ("missing" in pwsh ? pwsh.missing : false),
}, () => {
  it("takes assets of files, by SMA's commands", async () => {
    const assets = join(folder, "powershell-assets.json");
    writeFileSync(assets, JSON.stringify({ credentials: { ops: { userName: "admin", password: "pass-of-a-file" } } }));
    const script = join(folder, "Use-Credential.ps1");
    writeFileSync(
      script,
      "param([pscredential] $Login)\n$again = Get-AutomationPSCredential -Name ops\n" +
        '"$($Login.UserName) $($Login.GetNetworkCredential().Password) $($again.GetNetworkCredential().Password)"\n',
    );
    const { code, stdout, stderr } = await run(script, ["-p", "Login=ops", "--assets", assets], {});
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "admin ******** ********\n");
  });

  it("prepares the machine once, for the analysis and the run", async () => {
    const starts = join(folder, "starts");
    const counted = join(folder, "pwsh");
    const real = "missing" in pwsh ? "" : pwsh.executable;
    writeFileSync(counted, `#!/bin/sh\necho start >> '${starts}'\nexec '${real}' "$@"\n`, { mode: 0o755 });
    const script = join(folder, "Say-Hello.ps1");
    writeFileSync(script, 'param([Parameter(Mandatory)] [string] $Name) "hello $Name"\n');
    const { code, stdout, stderr } = await run(script, ["-p", "Name=world"], { RUNSMITH_PWSH: counted });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "hello world\n");
    assert.ok(existsSync(starts));
    assert.equal(readFileSync(starts, "utf8"), "start\n");
  });
});
