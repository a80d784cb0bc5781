import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { skipUnless } from "../../test/support/requires.ts";
import type { JobResource } from "../contract/api/job.ts";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import { dropTestDatabases, takeTestDatabase } from "../store/testing/test-database.ts";
import { EventReader } from "./testing/event-reader.ts";
import { outputRecord, ScriptedWorker } from "./testing/scripted-worker.ts";
import { TestServer } from "./testing/test-server.ts";

describe("two services over one database", { ...skipUnless("mssql"), timeout: 240_000 }, () => {
  let folder: string;
  /** The key is in a folder that outlives each of the services. */
  let options: { databaseFile: string; masterKeyDirectory: string };
  let one: TestServer;
  let other: TestServer;
  const workers: ScriptedWorker[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runsmith-services-"));
    options = { databaseFile: join(folder, "database.url"), masterKeyDirectory: join(folder, "keys") };
    const { url } = await takeTestDatabase();
    await writeFile(options.databaseFile, url, { mode: 0o600 });
    one = await TestServer.start(options);
    other = await TestServer.start(options, one);
    await one.import("talk", "'hello'", { kind: "PowerShell" });
  });

  after(async () => {
    for (const worker of workers) {
      worker.breakOff();
    }
    await one?.close();
    await other?.close();
    await dropTestDatabases();
    await rm(folder, { recursive: true, force: true });
  });

  async function connect(...of: Parameters<typeof ScriptedWorker.connect>): Promise<ScriptedWorker> {
    const worker = await ScriptedWorker.connect(...of);
    workers.push(worker);
    return worker;
  }

  /** Gone for good: neither service gives it a job any more. */
  async function remove(worker: ScriptedWorker): Promise<void> {
    worker.breakOff();
    const { body } = await one.call<{ items: { workerId: string }[] }>("GET", "/api/workers");
    await Promise.all(body.items.map(({ workerId }) => one.call("DELETE", `/api/workers/${workerId}`)));
  }

  async function start(server: TestServer): Promise<string> {
    const { status, body } = await server.call<JobResource>("POST", "/api/jobs", { body: { runbook: "talk" } });
    assert.equal(status, 201, JSON.stringify(body));
    return body.jobId;
  }

  async function until(server: TestServer, jobId: string, status: JobResource["status"]): Promise<JobResource> {
    for (;;) {
      const { body } = await server.call<JobResource>("GET", `/api/jobs/${jobId}`);
      if (body.status === status) {
        return body;
      }
      await sleep(20);
    }
  }

  const texts = (reader: EventReader) =>
    reader.events.filter(({ event }) => event === "record").map(({ data }) => data["text"]);

  test("who is disabled at one service is signed out of the other, by session, token and password, within seconds", async () => {
    const password = "correct horse battery staple";
    await one.call("POST", "/api/users", { body: { name: "ada", password } });
    const made = await one.call<{ token: string }>("POST", "/api/tokens", { body: { name: "x", principal: "ada" } });
    const signedIn = await one.call("POST", "/api/session", { token: null, body: { userName: "ada", password } });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const ways = [
      { authorization: `Bearer ${made.body.token}` },
      { authorization: `Basic ${Buffer.from(`ada:${password}`).toString("base64")}` },
      { cookie },
    ];
    const statuses = () =>
      Promise.all(ways.map(async (headers) => (await other.call("GET", "/api/me", { token: null, headers })).status));
    assert.deepEqual(await statuses(), [200, 200, 200]);
    await one.call("PATCH", "/api/users/ada", { body: { enabled: false } });
    const refused = async () => (await statuses()).every((status) => status === 401 || status === 429);
    for (let tries = 0; !(await refused()); tries++) {
      assert.ok(tries < 40, "The other service still takes what was ended");
      await sleep(250);
    }
  });

  test("a script that came to one is analysed by a worker of the other, and published there", async () => {
    const worker = await connect(other);
    const { status, body } = await one.call("POST", "/api/runbooks/talk/publish", { body: {} });
    assert.equal(status, 200, JSON.stringify(body));
    await remove(worker);
  });

  test("a job accepted at one runs on a worker of the other, and a reader at the first sees each record once, in order, and the end after them", async () => {
    const worker = await connect(other);
    const jobId = await start(one);
    const job = await worker.nextJob();
    assert.equal(job.jobId, jobId);
    const reader = await EventReader.open(one, `topics=job:${jobId}`);
    await worker.append(job, [outputRecord(1, "a"), outputRecord(2, "b")]);
    await reader.until(({ data }) => data["text"] === "b");
    await worker.append(job, [outputRecord(3, "c")]);
    await reader.until(({ data }) => data["text"] === "c");
    await worker.append(job, [outputRecord(4, "d")], "Completed");
    await reader.until(({ data }) => data["status"] === "Completed");
    assert.deepEqual(texts(reader), ["a", "b", "c", "d"]);
    assert.equal(reader.events.at(-1)?.event, "job");
    // A second reader, who comes late, and one who follows from the acceptance on.
    const late = await EventReader.open(one, `topics=job:${jobId}`);
    await late.until(({ data }) => data["status"] === "Completed");
    assert.deepEqual(texts(late), ["a", "b", "c", "d"]);
    const following = await EventReader.start(one, { runbook: "talk" });
    const next = await worker.nextJob();
    await worker.append(next, [outputRecord(1, "x")]);
    await worker.append(next, [outputRecord(2, "y")], "Completed");
    await following.until(({ data }) => data["status"] === "Completed");
    assert.deepEqual(texts(following), ["x", "y"]);
    for (const open of [reader, late, following]) {
      open.close();
    }
    await remove(worker);
  });

  test("a reader of all jobs at one sees the jobs of the other", async () => {
    const worker = await connect(other);
    const reader = await EventReader.open(one, "topics=jobs");
    const jobId = await start(other);
    const job = await worker.nextJob();
    await worker.append(job, [outputRecord(1, "a")], "Completed");
    await reader.until(({ data }) => data["jobId"] === jobId && data["status"] === "Completed");
    reader.close();
    await remove(worker);
  });

  test("a stop asked of one reaches the worker at the other", async () => {
    const worker = await connect(other);
    const jobId = await start(one);
    const job = await worker.nextJob();
    await worker.append(job, [outputRecord(1, "a")]);
    assert.equal((await one.call("POST", `/api/jobs/${jobId}/stop`, { body: {} })).status, 202);
    await worker.stopped(jobId);
    await worker.append(job, [], "Stopped");
    await until(one, jobId, "Stopped");
    await remove(worker);
  });

  test("a worker that comes back to the other keeps its jobs, and no record is lost or doubled", async () => {
    const worker = await connect(one);
    const jobId = await start(one);
    const job = await worker.nextJob();
    const reader = await EventReader.open(one, `topics=job:${jobId}`);
    await worker.append(job, [outputRecord(1, "a"), outputRecord(2, "b")]);
    worker.breakOff();
    const { token, instanceId } = worker;
    const again = await connect(other, undefined, { token, instanceId, running: [job] });
    assert.deepEqual(again.kept, [{ jobId, attempt: 1 }]);
    // It cannot know that these were stored.
    await again.append(job, [outputRecord(1, "a"), outputRecord(2, "b"), outputRecord(3, "c")]);
    await again.append(job, [outputRecord(4, "d")], "Completed");
    await reader.until(({ data }) => data["status"] === "Completed");
    assert.deepEqual(texts(reader), ["a", "b", "c", "d"]);
    const { body } = await one.call<{ items: unknown[] }>("GET", `/api/jobs/${jobId}/records`);
    assert.equal(body.items.length, 4);
    // And its slot is free at the service that it came back to.
    const next = await start(one);
    assert.equal((await again.nextJob()).jobId, next);
    await again.append({ jobId: next, attempt: 1 }, [], "Completed");
    reader.close();
    await remove(again);
  });

  test("a service gives no job over a link whose worker has said hello to another since", async () => {
    const worker = await connect(one);
    const { token, instanceId } = worker;
    // The first link is not closed: as its service sees it, the worker is there still.
    const again = await connect(other, undefined, { token, instanceId });
    for (let count = 0; count < 3; count += 1) {
      const jobId = await start(one);
      const job = await again.nextJob();
      assert.equal(job.jobId, jobId);
      await again.append(job, [], "Completed");
    }
    worker.breakOff();
    await remove(again);
  });

  test("a worker's records may go to another service than its control link, as behind a load balancer", async () => {
    const worker = await connect(one, undefined, { recordsServer: other });
    const readers: EventReader[] = [];
    for (const server of [one, other]) {
      const jobId = await start(server);
      const job = await worker.nextJob();
      assert.equal(job.jobId, jobId);
      const reader = await EventReader.open(server, `topics=job:${jobId}`);
      await worker.append(job, [outputRecord(1, "a")]);
      await reader.until(({ data }) => data["text"] === "a");
      await worker.append(job, [outputRecord(2, "b")], "Completed");
      await reader.until(({ data }) => data["status"] === "Completed");
      readers.push(reader);
    }
    for (const reader of readers) {
      assert.deepEqual(texts(reader), ["a", "b"]);
      reader.close();
    }
    await remove(worker);
  });

  test("a token that is revoked at one opens nothing at the other, and closes what it had opened there", async () => {
    const worker = await connect(other);
    const { body } = await one.call<{ items: { workerId: string }[] }>("GET", "/api/workers");
    await Promise.all(body.items.map(({ workerId }) => one.call("DELETE", `/api/workers/${workerId}`)));
    assert.equal(await worker.closedByService(), linkCloseCodes.unauthorized);
  });

  test("the worker of a service that is gone is judged by the other, and its job ends truthfully", async () => {
    const third = await TestServer.start({ ...options, leaseDuration: 3_000 }, one);
    const worker = await connect(third);
    const jobId = await start(third);
    const job = await worker.nextJob();
    await worker.append(job, [outputRecord(1, "a")]);
    const reader = await EventReader.open(one, `topics=job:${jobId}`);
    worker.breakOff();
    // A planned stop would extend the lease of a worker that is there.
    for (let connected = true; connected; ) {
      const { body } = await third.call<string>("GET", "/metrics");
      connected = !/^runsmith_workers_connected 0$/m.test(body);
    }
    await third.close();
    await reader.until(({ data }) => data["status"] === "Failed");
    assert.deepEqual(texts(reader), ["a"]);
    assert.match(String(reader.events.at(-1)?.data["statusReason"]), /was lost/);
    reader.close();
    await remove(worker);
  });

  test("of all services one does the background duties, and another takes them when it ends", async () => {
    const leaders = async (servers: TestServer[]) => {
      const answers = await Promise.all(servers.map((server) => server.call<string>("GET", "/metrics")));
      return servers.filter((_, index) => /^runsmith_leader 1$/m.test(answers[index]?.body ?? ""));
    };
    const first = await leaders([one, other]);
    assert.equal(first.length, 1);
    const third = await TestServer.start(options, one);
    assert.deepEqual(await leaders([third]), []);
    const leader = first[0] === one ? one : other;
    const rest = [third, leader === one ? other : one];
    await leader.close();
    let next: TestServer[] = [];
    while (next.length === 0) {
      await sleep(50);
      next = await leaders(rest);
    }
    assert.equal(next.length, 1);
    const restarted = await TestServer.start(options, leader);
    if (leader === one) one = restarted;
    else other = restarted;
    await third.close();
  });
});
