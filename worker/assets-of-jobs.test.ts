import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { AssetValue } from "../src/contract/assets.ts";
import type { AttemptReference, RunJobFrame } from "../src/contract/link/control-frames.ts";
import type { AttemptEnd } from "../src/contract/link/records-frames.ts";
import { skipUnless } from "../test/support/requires.ts";
import { findPwsh } from "./hosts/pwsh/find-pwsh.ts";
import { maskText } from "./masking/masker.ts";
import { testAssets, testSecrets } from "./testing/test-assets.ts";
import type { TestWorker } from "./testing/test-worker.ts";
import { startTestWorker } from "./testing/test-worker.ts";

const pwsh = await findPwsh();
const withoutPwsh = skipUnless("pwsh").skip || ("missing" in pwsh ? pwsh.missing : false);
const openssl = "/usr/bin/openssl";

describe("a job's assets", () => {
  let test: TestWorker;
  before(async () => {
    test = await startTestWorker({ slots: 4, poolMemory: 1024 ** 3 });
    test.service.assets = testAssets;
  });
  after(() => test.close());
  afterEach(() => {
    test.service.assets = testAssets;
    test.service.protocol = 3;
  });

  const start = (script: string, changes: Partial<RunJobFrame> = {}): AttemptReference =>
    test.service.run(script, changes);
  const end = (attempt: AttemptReference): Promise<AttemptEnd> => test.service.endOf(attempt);
  const typescript = (body: string, changes: Partial<RunJobFrame> = {}): AttemptReference =>
    start(`import * as api from "runsmith"; export default async function (given) { ${body} }`, changes);
  const powershell = (script: string, changes: Partial<RunJobFrame> = {}): AttemptReference =>
    start(script, {
      runbook: { id: "0198c2f0-0000-7000-8000-000000000001", name: "test", kind: "PowerShell" },
      ...changes,
    });
  /** All that anybody may see of an attempt: the service seals the entries of its journal, and shows what is beside them. */
  const everythingOf = (attempt: AttemptReference): string =>
    JSON.stringify(
      test.service.appends.filter(({ jobId }) => jobId === attempt.jobId),
      (key, value: unknown) => (key === "entry" ? undefined : value),
    );
  async function resultOf(body: string, changes: Partial<RunJobFrame> = {}): Promise<unknown> {
    const ended = await end(typescript(body, changes));
    assert.equal(ended.outcome, "Completed", JSON.stringify(ended));
    return ended.result;
  }
  async function outputOf(script: string, changes: Partial<RunJobFrame> = {}): Promise<string[]> {
    const attempt = powershell(script, changes);
    const ended = await end(attempt);
    const records = test.service.recordsOf(attempt);
    assert.equal(ended.outcome, "Completed", JSON.stringify([ended, records]));
    return records.filter(({ stream }) => stream === "Output").map(({ text }) => text);
  }

  it("reach a runbook in TypeScript with their types", async () => {
    assert.deepEqual(
      await resultOf(`
        const since = await api.variable("Since");
        return [await api.variable("region"), since instanceof Date && since.toISOString(), await api.variable("Settings"),
          await api.variable("Nothing"), (await api.credential("OPS")).userName, (await api.credential("ops")).password.length,
          Object.keys(await api.connection("Database")), (await api.connection("Database")).Port]`),
      [
        "west",
        "2026-03-01T12:30:00.000Z",
        { retries: 3, hosts: ["a", "b"] },
        null,
        "admin",
        12,
        ["Host", "Port", "Password"],
        1433,
      ],
    );
  });

  it("reach a runbook in PowerShell as SMA's commands give them", { skip: withoutPwsh }, async () => {
    assert.deepEqual(
      await outputOf(`
        Get-AutomationVariable -Name Region
        $since = Get-AutomationVariable 'Since'; "$($since.GetType().Name) $($since.Kind) $($since.ToString('o'))"
        (Get-AutomationVariable -Name Settings).hosts -join ','
        $null -eq (Get-AutomationVariable -Name Nothing)
        $login = Get-AutomationPSCredential -Name 'ops'
        "$($login.GetType().Name) $($login.UserName) $($login.GetNetworkCredential().Password.Length)"
        $database = Get-AutomationConnection -Name Database
        "$($database.GetType().Name) $($database.host) $($database.Port + 1) $($database['Password'].Length)"`),
      [
        "west",
        "DateTime Utc 2026-03-01T12:30:00.0000000Z",
        "a,b",
        "True",
        "PSCredential admin 12",
        "Hashtable db.example.org 1434 15",
      ],
    );
  });

  it("are masked wherever either language prints them", async () => {
    const attempt = typescript(
      `
      const { userName, password } = await api.credential("ops");
      console.log(password, { nested: [password] }, JSON.stringify({ password }), encodeURIComponent(password));
      console.warn(Buffer.from(userName + ":" + password).toString("base64"), Buffer.from(password, "utf16le").toString("base64"));
      process.stdout.write(password.slice(0, 6)); process.stdout.write(password.slice(6) + "\\n");
      api.progress({ activity: password });
      await api.step(password, () => {});
      const error = new Error("with " + password); error.password = password; console.error(error);
      if (given.fails) throw error;
      return { password, token: await api.variable("Token"), connection: await api.connection("Database") }`,
      {
        logs: { verbose: true, debug: true, progress: true },
      },
    );
    assert.equal((await end(attempt)).outcome, "Completed");
    const said = everythingOf(attempt);
    for (const secret of [
      ...Object.values(testSecrets),
      encodeURIComponent(testSecrets.password),
      "ZTpodW50ZXI",
      "aAB1AG4A",
    ])
      assert.ok(!said.includes(secret), secret);
    assert.ok(said.includes(maskText) && said.includes("db.example.org"));
    const failed = typescript(
      'throw new Error((await api.credential("ops")).password, { cause: await api.credential("ops") })',
    );
    assert.equal((await end(failed)).exception?.message, maskText);
    assert.ok(!everythingOf(failed).includes(testSecrets.password));
  });

  it("are masked wherever PowerShell prints them", { skip: withoutPwsh }, async () => {
    const attempt = powershell(`
      $login = Get-AutomationPSCredential -Name ops
      $password = $login.GetNetworkCredential().Password
      $password; @{ nested = @($password) }; "it is $password" | Write-Warning; Write-Verbose $password -Verbose
      [pscustomobject]@{ Password = $password } | ConvertTo-Json -Compress
      [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes("write-host '$password'"))
      Write-Host $password.Substring(0, 5) -NoNewline; Write-Host $password.Substring(5)
      /bin/echo $password
      $login; $login.Password; $login.Password | ConvertFrom-SecureString; $login | ConvertTo-Json
      Get-AutomationConnection -Name Database
      Write-Error $password; throw $password`);
    const ended = await end(attempt);
    assert.equal(ended.outcome, "Failed");
    assert.equal(ended.exception?.message, maskText);
    const said = everythingOf(attempt);
    const hexadecimal = Buffer.from(testSecrets.password, "utf16le").toString("hex");
    for (const secret of [...Object.values(testSecrets), hexadecimal])
      assert.ok(!said.includes(secret), `${secret} in ${said}`);
    assert.ok(said.includes("db.example.org"), said);
  });

  it("are masked where PowerShell's formatter breaks or shortens them", { skip: withoutPwsh }, async () => {
    const attempt = powershell(`
      $long = Get-AutomationVariable -Name Long
      @{ Token = $long; Other = 1 }
      [pscustomobject]@{ A = 1; B = 2; C = 3; D = 4; E = 5; Token = $long }
      [pscustomobject]@{ A = 1; Token = $long } | Format-Table
      Write-Error "it is $long"
      throw "and $long"`);
    assert.equal((await end(attempt)).outcome, "Failed");
    const said = everythingOf(attempt);
    // The first and the last lines of what would be shown.
    for (const part of ["part3-", "part20", "part40", "part58"]) assert.ok(!said.includes(part), said);
  });

  it("give a certificate with its private key, in both languages", {
    skip: !existsSync(openssl) && "openssl is not here",
  }, async () => {
    const { thumbprint, pem, pfx } = certificates();
    const given = { pem, pfx };
    test.service.assets = ({ name }) => ({
      value: name === "pem" ? given.pem : given.pfx,
      secrets: ["/pfx", "/pfxPassword", "/privateKey"],
    });
    const used = `
      const tls = await import("node:tls");
      const { thumbprint, subject, notAfter, ...keys } = await api.certificate(given.name);
      tls.createSecureContext(keys);
      console.log(keys, keys.pfx?.toString("base64"));
      return [thumbprint, subject, notAfter instanceof Date]`;
    for (const name of ["pem", "pfx"]) {
      const attempt = typescript(used, { parameters: { name } });
      assert.deepEqual((await end(attempt)).result, [thumbprint, "CN=runsmith test", true]);
      const secret = name === "pem" ? pem.privateKey : pfx.pfx;
      assert.ok(!everythingOf(attempt).includes(JSON.stringify(secret).slice(40, 80)));
    }
    if (withoutPwsh !== false) return;
    for (const name of ["pem", "pfx"]) {
      const output = await outputOf(`
        $certificate = Get-AutomationCertificate -Name ${name}
        "$($certificate.GetType().Name) $($certificate.Thumbprint) $($certificate.HasPrivateKey)"
        $key = [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($certificate)
        $key.SignData([byte[]](1, 2, 3), 'SHA256').Length -gt 0`);
      assert.deepEqual(output, [`X509Certificate2 ${thumbprint} True`, "True"]);
    }
  });

  it("that are not there are an error that a script can catch", async () => {
    const message = await resultOf(`try { await api.credential("none") } catch (error) {
      return [error instanceof api.AssetError, error.name, error.code, error.message, /test\\.ts:1/.test(error.stack)] }`);
    assert.deepEqual(message, [true, "AssetError", "asset-not-found", 'There is no credential "none".', true]);
    const bad = await resultOf('return await api.variable("  x ").catch((error) => [error.code, error.message])');
    assert.deepEqual((bad as string[])[0], "asset-refused");
    const long =
      'await api.setVariable("Region", "x".repeat(2 ** 20)).catch((error) => [error.code, error.message.slice(-33)])';
    assert.deepEqual(await resultOf(`return ${long}`), [
      "asset-refused",
      "more than 1048576 characters as JSON.".slice(-33),
    ]);
    const ended = await end(typescript('await api.connection("none")'));
    assert.equal(ended.exception?.name, "AssetError");
  });

  it("that are not there are an error of PowerShell's that does not end the script, unless it wants that", {
    skip: withoutPwsh,
  }, async () => {
    const attempt = powershell(`
      $value = Get-AutomationVariable -Name none
      "$($null -eq $value) $($Error[0].CategoryInfo.Category) $($Error[0].FullyQualifiedErrorId)"
      try { Get-AutomationPSCredential none -ErrorAction Stop } catch { "caught $_" }`);
    assert.equal((await end(attempt)).outcome, "Completed");
    const records = test.service.recordsOf(attempt);
    assert.deepEqual(
      records.filter(({ stream }) => stream === "Output").map(({ text }) => text),
      [
        "True ObjectNotFound AssetNotFound,Runsmith.PowerShellHost.GetVariableCommand",
        'caught There is no credential "none".',
      ],
    );
    assert.equal(records.filter(({ stream }) => stream === "Error").length, 1);
  });

  it("can be set, if they are variables, with the type that the script gives", async () => {
    await resultOf(`await api.setVariable("Count", 3); await api.setVariable("Since", new Date(0));
      await api.setVariable("Settings", { a: [1] }); await api.setVariable("Nothing", null); await api.setVariable("On", true)`);
    const set = test.service.assetRequests.filter((request) => request.action === "set-variable").slice(-5);
    assert.deepEqual(
      set.map((request) => request.action === "set-variable" && [request.name, request.type, request.value]),
      [
        ["Count", "number", 3],
        ["Since", "date-time", "1970-01-01T00:00:00.000Z"],
        ["Settings", "object", { a: [1] }],
        ["Nothing", "null", null],
        ["On", "boolean", true],
      ],
    );
    const encrypted = typescript('await api.setVariable("Token", "a-new-secret"); console.log("it is a-new-secret")');
    await end(encrypted);
    assert.equal(test.service.textOf(encrypted), `it is ${maskText}`);
  });

  it("can be set by PowerShell with the type that the script gives", { skip: withoutPwsh }, async () => {
    await outputOf(`
      Set-AutomationVariable -Name Count -Value 3; Set-AutomationVariable Text 'a "b"'; Set-AutomationVariable -Name On -Value $true
      Set-AutomationVariable -Name Since -Value ([datetime]::UnixEpoch); Set-AutomationVariable -Name Nothing -Value $null
      Set-AutomationVariable -Name Settings -Value @{ list = @(1, 'x') }; Set-AutomationVariable -Name List -Value @(1, 2)
      Set-AutomationVariable -Name Object -Value ([pscustomobject]@{ a = 1.5 })`);
    const set = test.service.assetRequests.filter((request) => request.action === "set-variable").slice(-8);
    assert.deepEqual(
      set.map((request) => request.action === "set-variable" && [request.name, request.type, request.value]),
      [
        ["Count", "number", 3],
        ["Text", "string", 'a "b"'],
        ["On", "boolean", true],
        ["Since", "date-time", "1970-01-01T00:00:00.000Z"],
        ["Nothing", "null", null],
        ["Settings", "object", { list: [1, "x"] }],
        ["List", "object", [1, 2]],
        ["Object", "object", { a: 1.5 }],
      ],
    );
  });

  it("are asked for once by each job, and for each job anew", async () => {
    const before = test.service.assetRequests.length;
    const body =
      'for (let time = 0; time < 5; time++) await api.credential(time % 2 ? "ops" : "Ops"); await Promise.all([api.credential("ops"), api.credential("ops")])';
    await resultOf(body);
    assert.equal(test.service.assetRequests.length - before, 1);
    await resultOf(body);
    assert.equal(test.service.assetRequests.length - before, 2);
  });

  it("that are variables are read again a second later, as another may have set them", async () => {
    let count = 0;
    test.service.assets = () => ({
      value: { kind: "variable", type: "number", value: ++count, encrypted: false },
      secrets: [],
    });
    const values = await resultOf(
      'const values = [await api.variable("n"), await api.variable("n")]; await api.sleep(1_100); await api.setVariable; return [...values, await api.variable("n")]',
    );
    assert.deepEqual(values, [1, 1, 2]);
  });

  it("come over the next link when the link breaks before they are there", async () => {
    let asked = 0;
    test.service.assets = (request) => (++asked === 1 ? undefined : testAssets(request));
    const attempt = typescript('return (await api.variable("Region"))');
    await test.service.until(() => asked === 1, "the first request");
    test.service.breakLinks();
    assert.equal((await end(attempt)).result, "west");
    assert.equal(asked, 2);
  });

  it("do not keep a script from being stopped that waits for one", async () => {
    test.service.assets = () => undefined;
    const attempts = [
      typescript('await api.credential("ops")'),
      ...(withoutPwsh === false ? [powershell("Get-AutomationPSCredential ops; 'never'")] : []),
    ];
    for (const attempt of attempts) {
      await test.service.until(
        () =>
          test.service.controlFrames.some((frame) => frame.type === "asset-request" && frame.jobId === attempt.jobId),
        "the request",
      );
      test.service.send({ type: "stop-job", ...attempt, reason: "as the test says", force: false });
      assert.equal((await end(attempt)).outcome, "Stopped");
    }
    const named = typescript("return 1", {
      parameters: { login: "ops" },
      parameterSchemas: { login: { type: "string", "x-asset": "credential" } },
    });
    await test.service.until(
      () => test.service.controlFrames.some((frame) => frame.type === "asset-request" && frame.jobId === named.jobId),
      "the request",
    );
    test.service.send({ type: "stop-job", ...named, reason: "as the test says", force: false });
    assert.equal((await end(named)).outcome, "Stopped");
  });

  it("cannot be had from a service of the version before, and the script is told so", async () => {
    test.service.protocol = 2;
    test.service.breakLinks();
    await test.service.linked();
    const told = await resultOf('return await api.credential("ops").catch((error) => [error.code, error.message])');
    assert.deepEqual(told, ["asset-unavailable", "The service is of a version that has no assets yet: upgrade it."]);
    test.service.protocol = 3;
    test.service.breakLinks();
    await test.service.linked();
  });

  it("that a parameter names are there when the script begins, and masked", async () => {
    const parameterSchemas = {
      login: { type: "string", "x-asset": "credential" },
      logins: { type: "array", items: { type: "string", "x-asset": "credential" } },
    } as const;
    const changes = {
      parameters: { login: "ops", logins: ["Ops"] },
      parameterSchemas,
    } as unknown as Partial<RunJobFrame>;
    const attempt = typescript(
      "console.log(given.login.userName, given.login.password, given.logins[0].password); return given",
      changes,
    );
    assert.equal((await end(attempt)).outcome, "Completed");
    assert.equal(test.service.recordsOf(attempt)[0]?.text, `admin ${maskText} ${maskText}`);
    assert.ok(!everythingOf(attempt).includes(testSecrets.password));
    const missing = typescript("return given", { ...changes, parameters: { login: "none" } });
    const ended = await end(missing);
    assert.deepEqual(
      [ended.outcome, ended.exception?.name, ended.exception?.message],
      ["Failed", "AssetNotFound", 'The parameter "login" cannot be resolved. There is no credential "none".'],
    );
  });

  it("are what a PSCredential parameter names", { skip: withoutPwsh }, async () => {
    const output = await outputOf(
      'param([pscredential] $Login, [pscredential[]] $Others) "$($Login.UserName) $($Login.GetNetworkCredential().Password)"; $Others[0].GetType().Name',
      {
        parameters: { Login: "ops", Others: ["ops"] },
        parameterSchemas: {
          Login: { type: "string", "x-asset": "credential", "x-type": "pscredential" },
          Others: { type: "array", items: { type: "string", "x-asset": "credential" }, "x-type": "pscredential[]" },
        },
      },
    );
    assert.deepEqual(output, [`admin ${maskText}`, "PSCredential"]);
  });

  it("that an earlier attempt was given are masked in a later one", async () => {
    const attempt = typescript('console.log("left in a file: " + "seen-" + "earlier")', {
      attempt: 2,
      secrets: ["seen-earlier"],
    });
    await end(attempt);
    assert.equal(test.service.textOf(attempt), `left in a file: ${maskText}`);
  });

  it("whose secrets are too short to be masked are told of", async () => {
    const attempt = typescript('await api.variable("Pin"); await api.variable("Pin")');
    await end(attempt);
    const warnings = test.service.recordsOf(attempt).filter(({ stream }) => stream === "Warning");
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]?.text ?? "",
      /A secret of the variable "Pin" has fewer than 4 characters and is not masked/,
    );
  });

  it("end the reuse of a host when one of them is secret", async () => {
    const hostOf = (body: string) => resultOf(`${body}; return performance.timeOrigin`, { reuseKey: "assets" });
    const first = await hostOf('await api.variable("Region")');
    assert.equal(await hostOf('await api.credential("ops")'), first);
    const second = await hostOf("");
    assert.notEqual(second, first);
    assert.equal(await hostOf(""), second);
  });

  it("end the reuse of a PowerShell host when one of them is secret", { skip: withoutPwsh }, async () => {
    const hostOf = async (script: string) =>
      (await outputOf(`${script}; (Get-Process -Id $PID).StartTime.Ticks`, { reuseKey: "assets" })).at(-1);
    const first = await hostOf("$null = Get-AutomationVariable -Name Region");
    assert.equal(await hostOf("$null = Get-AutomationPSCredential -Name ops"), first);
    assert.notEqual(await hostOf(""), first);
  });
});

/** One certificate in both forms. */
function certificates() {
  const folder = mkdtempSync(join(tmpdir(), "runsmith-certificate-"));
  try {
    const file = (name: string): string => join(folder, name);
    const make = (...given: string[]): Buffer =>
      execFileSync(openssl, given, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    make(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "365",
      "-subj",
      "/CN=runsmith test",
      "-keyout",
      "key.pem",
      "-out",
      "certificate.pem",
    );
    make(
      "pkcs12",
      "-export",
      "-inkey",
      "key.pem",
      "-in",
      "certificate.pem",
      "-out",
      "both.pfx",
      "-passout",
      "pass:pfx-password",
    );
    const fingerprint = make("x509", "-in", "certificate.pem", "-noout", "-fingerprint", "-sha1").toString();
    const thumbprint = fingerprint.trim().replace(/^.*=/, "").replaceAll(":", "");
    const shared = {
      kind: "certificate",
      thumbprint,
      subject: "CN=runsmith test",
      notBefore: "2026-01-01T00:00:00.000Z",
      notAfter: "2027-01-01T00:00:00.000Z",
    } as const;
    const pem = {
      ...shared,
      certificate: readFileSync(file("certificate.pem"), "utf8"),
      privateKey: readFileSync(file("key.pem"), "utf8"),
    } satisfies AssetValue;
    const pfx = {
      ...shared,
      pfx: readFileSync(file("both.pfx")).toString("base64"),
      pfxPassword: "pfx-password",
    } satisfies AssetValue;
    return { thumbprint, pem, pfx };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
