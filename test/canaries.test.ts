import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { generate } from "selfsigned";
import { findPwsh } from "../worker/hosts/pwsh/find-pwsh.ts";
import { Installation } from "./support/installation.ts";
import { skipUnless } from "./support/requires.ts";

/** Each secret, by what it was put into: found nowhere else, so that one byte of it tells where it got out. */
const canaries = {
  variable: canary(),
  "variable in an object": canary(),
  credential: canary(),
  "connection field": canary(),
  "vault token": canary(),
  "secret parameter": canary(),
  "secret parameter in PowerShell": canary(),
  "secret parameter of a schedule": canary(),
  "variable set by a job": canary(),
  "user's password": canary(),
};

function canary(): string {
  return `canary-${randomBytes(18).toString("hex")}`;
}

/** Uses everything, says all of it in every way, and then waits, or ends as it is told. */
const talkative = `import type { Secret } from "runsmith";
import { certificate, connection, credential, progress, setVariable, variable } from "runsmith";
export default async function ({ given, fresh, end }: { given: Secret; fresh: Secret; end: string }) {
  const values = [
    given,
    await variable("canary"),
    await variable("canary-object"),
    await credential("canary"),
    await connection("canary"),
    await certificate("canary"),
  ];
  await setVariable("canary", fresh);
  console.log(values);
  console.log(JSON.stringify(values));
  console.error(String(given), new Error(JSON.stringify(values)));
  console.debug(Buffer.from(JSON.stringify(values)).toString("base64"));
  progress({ activity: JSON.stringify(values[1]), percent: 50 });
  process.stderr.write(JSON.stringify(values) + "\\n");
  if (end === "throw") throw new Error("It failed with " + JSON.stringify(values));
  if (end === "abort") process.abort();
  if (end === "wait") await new Promise((resolve) => setTimeout(resolve, 120_000));
  return values;
}
`;

const talkativeToo = `param([securestring] $Given)
$plain = [System.Net.NetworkCredential]::new('', $Given).Password
$credential = Get-AutomationPSCredential -Name canary
"$plain $(Get-AutomationVariable -Name canary) $($credential.GetNetworkCredential().Password)"
Write-Warning $plain
Write-Verbose $plain -Verbose
throw "It failed with $plain"
`;

test("no secret is in a file, a log, a record, an answer, an environment, a command line or what a crash leaves", {
  ...skipUnless("bubblewrap"),
  timeout: 240_000,
}, async () => {
  const startedAt = Date.now();
  await using installation = await Installation.start({ server: ["--log-level", "debug"] });
  const { client } = installation;
  await installation.startWorker({ arguments: ["--log-level", "debug"] });
  const key = await putInto(client);

  await client.import("Talkative", "TypeScript", talkative);
  const recurrence = { kind: "days", every: 1, at: ["03:00"] };
  await client.ask("POST", "/api/schedules", { name: "nightly", recurrence });
  const scheduled = { given: canaries["secret parameter of a schedule"], fresh: "", end: "return" };
  await client.ask("POST", "/api/schedule-links", { schedule: "nightly", runbook: "Talkative", parameters: scheduled });
  const fresh = { fresh: canaries["variable set by a job"], given: canaries["secret parameter"] };
  for (const end of ["return", "throw", "abort"]) {
    const job = await client.start("Talkative", { ...fresh, end });
    const { status, statusReason } = await client.ended(job.jobId);
    assert.equal(status, end === "return" ? "Completed" : "Failed", `${end}: ${statusReason}`);
    assert.match(JSON.stringify(await client.records(job.jobId)), /\*{8}/, "nothing was masked, so nothing was said");
  }
  if (!("missing" in (await findPwsh()))) {
    await client.import("TalkativeToo", "PowerShell", talkativeToo);
    const job = await client.start("TalkativeToo", { Given: canaries["secret parameter in PowerShell"] });
    assert.equal((await client.ended(job.jobId)).status, "Failed");
  }
  const waiting = await client.start("Talkative", { ...fresh, end: "wait" });
  await client.until(waiting.jobId, ({ recordCount }) => recordCount > 3, "says something");

  const secrets: Record<string, string> = { ...canaries, "private key": key };
  const found = new Set<string>();
  const look = (place: string, content: Buffer) => {
    for (const [name, secret] of Object.entries(secrets)) {
      const forms = [
        secret,
        Buffer.from(secret)
          .toString("base64")
          .replace(/.{0,3}$/, ""),
        encodeURIComponent(secret),
      ];
      if (forms.some((form) => content.includes(form))) found.add(`${name} in ${place}`);
      if (content.includes(Buffer.from(secret, "utf16le"))) found.add(`${name} (UTF-16) in ${place}`);
    }
  };
  // That what is looked for would be found.
  look("this test", Buffer.from(JSON.stringify({ a: canaries.variable })));
  assert.deepEqual([...found], ["variable in this test"]);
  found.clear();

  // While a job holds all of them.
  await lookAtProcesses(look);
  await lookAtAnswers(client, look);
  await lookAtFiles(installation.folder, look);
  await client.stop(waiting.jobId, true);
  await client.ended(waiting.jobId);
  look("the server's log", Buffer.from(installation.server.errors()));
  const [worker] = installation.workers;
  await worker?.stop();
  const said = await worker?.ended();
  look("the worker's log", Buffer.from(`${said?.stdout}${said?.stderr}`));
  const { stdout, stderr } = await installation.killServer();
  look("what a killed server leaves", Buffer.from(stdout + stderr));
  await lookAtFiles(installation.folder, look);
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name);
    const found = await stat(path).catch(() => null);
    if (/runsmith|^core/.test(name) && found !== null && found.mtimeMs >= startedAt) await lookAtFiles(path, look);
  }
  assert.deepEqual([...found], []);
});

/** Puts a secret into everything that takes one. @returns what the private key is known by */
async function putInto(client: Installation["client"]): Promise<string> {
  const put = (path: string, body: unknown) => client.ask("POST", path, body);
  await put("/api/variables", { name: "canary", value: canaries.variable, encrypted: true });
  const object = { deep: [{ secret: canaries["variable in an object"] }] };
  await put("/api/variables", { name: "canary-object", value: object, encrypted: true });
  await put("/api/credentials", { name: "canary", userName: "ops", password: canaries.credential });
  const fields = [{ name: "Host" }, { name: "Password", encrypted: true }];
  await put("/api/connection-types", { name: "canary", fields });
  const values = { Host: "build", Password: canaries["connection field"] };
  await put("/api/connections", { name: "canary", connectionType: "canary", fields: values });
  const { private: key, cert } = await generate([{ name: "commonName", value: "canary" }], { keySize: 2048 });
  await put("/api/certificates", { name: "canary", pem: cert + key });
  const vault = { provider: "hashicorp", address: "https://vault.invalid:8200", token: canaries["vault token"] };
  await put("/api/vaults", { name: "canary", ...vault });
  await put("/api/users", { name: "ada", password: canaries["user's password"] });
  // A line from the middle of the key: its first and last lines are alike in many.
  return key.split("\n")[6] ?? "";
}

type Look = (place: string, content: Buffer) => void;

/** Environments, command lines and open files' names of all processes. */
async function lookAtProcesses(look: Look): Promise<void> {
  const own = String(process.pid);
  for (const id of (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== own)) {
    for (const file of ["environ", "cmdline", "comm"]) {
      look(`${file} of process ${id}`, await readFile(`/proc/${id}/${file}`).catch(() => Buffer.alloc(0)));
    }
    look(`the folder of process ${id}`, Buffer.from(await readlink(`/proc/${id}/cwd`).catch(() => "")));
  }
}

/** What the administrator can read over the API. */
async function lookAtAnswers(client: Installation["client"], look: Look): Promise<void> {
  const document = await client.ask<{ paths: Record<string, object> }>("GET", "/api/openapi.json");
  const read = async (path: string) => {
    const answer = await client.ask<unknown>("GET", path);
    look(`the answer to ${path}`, Buffer.from(JSON.stringify(answer)));
    return answer as { items?: Record<string, unknown>[] };
  };
  for (const [path, methods] of Object.entries(document.paths)) {
    const isList = "get" in methods && path.startsWith("/api/") && !/\{|events|sign-in/.test(path);
    if (!isList) continue;
    const { items = [] } = await read(path);
    for (const { name } of items) {
      if (typeof name === "string" && `${path}/{name}` in document.paths)
        await read(`${path}/${encodeURIComponent(name)}`);
    }
  }
  await read("/api/audit?limit=1000");
  const { items: jobs = [] } = await read("/api/jobs");
  for (const { jobId } of jobs) {
    await read(`/api/jobs/${String(jobId)}`);
    look(`the records of job ${String(jobId)}`, Buffer.from(JSON.stringify(await client.records(String(jobId)))));
  }
}

async function lookAtFiles(folder: string, look: Look): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => [""]);
  for (const name of names) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    look(`the name ${path}`, Buffer.from(name));
    if (found?.isFile() === true) look(path, await readFile(path).catch(() => Buffer.alloc(0)));
  }
}
