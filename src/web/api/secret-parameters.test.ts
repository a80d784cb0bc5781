import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../../contract/api/job.ts";
import type { MasterKeyResource } from "../../contract/api/master-key.ts";
import { emptySignature } from "../../contract/signature.ts";
import { ScriptedWorker } from "../testing/scripted-worker.ts";
import { TestServer } from "../testing/test-server.ts";

const secret = "kanari-41c0de-vogel";

const signature = {
  ...emptySignature,
  properties: { host: { type: "string" as const }, password: { type: "string" as const, "x-secret": true } },
};

describe("a secret parameter of a job", () => {
  let server: TestServer;
  let worker: ScriptedWorker;

  before(async () => {
    server = await TestServer.start({ log: { level: "error" } });
    worker = await ScriptedWorker.connect(server, () => ({ signature }));
    await server.import("deploy", "param()", { publish: true });
  });
  after(async () => {
    await worker.close();
    await server.close();
  });

  const start = (parameters: object, headers: Record<string, string> = {}) =>
    server.call<JobResource>("POST", "/api/jobs", { body: { runbook: "deploy", parameters }, headers });

  /** A job that no worker gets before the release. */
  const startHeld = async (parameters: object) => {
    await server.call("POST", "/api/dispatch/hold", { body: { scope: "all" } });
    return (await start(parameters)).body.jobId;
  };
  const release = () => server.call("POST", "/api/dispatch/release", { body: { scope: "all" } });

  const stored = async () => {
    const files = await readdir(server.dataDirectory, { recursive: true, withFileTypes: true });
    const whole = files.filter((file) => file.isFile()).map(({ parentPath, name }) => readFile(join(parentPath, name)));
    return Buffer.concat(await Promise.all(whole));
  };

  const rotate = async () => {
    await server.call("POST", "/api/master-key/rotation");
    for (let rotating = true; rotating; ) {
      rotating = (await server.call<MasterKeyResource>("GET", "/api/master-key")).body.rotating;
    }
  };

  test("reaches the worker, and is neither in the database, its log nor any answer", async () => {
    const given = { host: "a", password: secret };
    const started = await start(given, { "idempotency-key": "one" });
    assert.equal(started.status, 201);
    const handed = await worker.nextJob();
    assert.deepEqual(handed.parameters, given);
    await worker.append(handed, [], "Failed");
    const repeated = await start(given, { "idempotency-key": "one" });
    assert.equal(repeated.body.jobId, started.body.jobId);
    const differs = await start({ ...given, password: "other" }, { "idempotency-key": "one" });
    assert.equal(differs.status, 422);
    const read = await server.call("GET", `/api/jobs/${handed.jobId}`);
    const bytes = await stored();
    assert.ok(bytes.includes("deploy"), "the bytes that were read are those of the database");
    for (const found of [started.bytes, repeated.bytes, read.bytes, bytes]) {
      assert.equal(found.includes(secret), false);
      assert.equal(found.includes(Buffer.from(secret).toString("base64").slice(0, 20)), false);
    }
  });

  test("is given again when the job is retried, also under another master key", async () => {
    const { body } = await start({ host: "b", password: secret });
    await worker.append(await worker.nextJob(), [], "Failed");
    await rotate();
    const retried = await server.call<JobResource>("POST", `/api/jobs/${body.jobId}/retry`);
    assert.equal(retried.status, 201);
    const again = await worker.nextJob();
    assert.deepEqual(again.parameters, { host: "b", password: secret });
    await worker.append(again, [], "Completed");
    assert.equal((await stored()).includes(secret), false);
  });

  test("that waits while the master key is replaced is handed over as it was given", async () => {
    const jobId = await startHeld({ host: "c", password: secret });
    await rotate();
    await release();
    const handed = await worker.nextJob();
    assert.equal(handed.jobId, jobId);
    assert.deepEqual(handed.parameters, { host: "c", password: secret });
    await worker.append(handed, [], "Completed");
  });

  test("is right in every job while the master key is replaced under load, again and again", async () => {
    let running = true;
    const worked = (async () => {
      for (let jobs = 0; ; jobs += 1) {
        const handed = await worker.nextJob();
        if (handed.parameters["host"] === "last") return jobs;
        assert.equal(handed.parameters["password"], `${secret} of ${handed.parameters["host"]}`);
        await worker.append(handed, [], "Completed");
      }
    })();
    let started = 0;
    const callers = Array.from({ length: 4 }, async (_, caller) => {
      while (running) {
        started += 1;
        const host = `${caller}-${started}`;
        assert.equal((await start({ host, password: `${secret} of ${host}` })).status, 201);
      }
    });
    for (let rotation = 0; rotation < 2; rotation += 1) await rotate();
    running = false;
    await Promise.all(callers);
    await start({ host: "last", password: "x" });
    assert.equal(await worked, started);
    const { body } = await server.call<{ keys: MasterKeyResource["keys"] }>("GET", "/api/master-key");
    assert.deepEqual(
      body.keys.map(({ state }) => state),
      [...Array.from({ length: body.keys.length - 1 }, () => "retired"), "current"],
    );
  });

  /** What a held job comes to once somebody has written to its parameters. */
  const failureOf = async (jobId: string, assignment: string, ...values: (string | Buffer)[]) => {
    const database = new DatabaseSync(join(server.dataDirectory, "runsmith.sqlite"));
    database.prepare(`UPDATE job_parameters SET ${assignment} WHERE job_id = ?`).run(...values, bytesOf(jobId));
    database.close();
    await release();
    let job: JobResource;
    do {
      job = (await server.call<JobResource>("GET", `/api/jobs/${jobId}`)).body;
    } while (job.status !== "Failed");
    return job.exception;
  };
  const bytesOf = (id: string) => Buffer.from(id.replaceAll("-", ""), "hex");

  test("that was taken from another job fails the job, and the reason is told", async () => {
    const one = await startHeld({ host: "d", password: secret });
    const other = await startHeld({ host: "e", password: `${secret}2` });
    const taken = "parameters = (SELECT parameters FROM job_parameters WHERE job_id = ?)";
    const failure = failureOf(other, taken, bytesOf(one));
    await worker.append(await worker.nextJob(), [], "Completed");
    assert.equal((await failure)?.name, "SecretUnreadable");
    assert.match((await failure)?.message ?? "", /not what this installation sealed/);
  });

  test("that somebody wrote into the database unsealed fails the job, and the reason is told", async () => {
    const jobId = await startHeld({ host: "f", password: secret });
    const failure = await failureOf(jobId, "parameters = json_set(parameters, '$.password', ?)", "guessed");
    assert.equal(failure?.name, "SecretUnreadable");
    assert.match(failure?.message ?? "", /not sealed at all/);
  });
});
