import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { JobResource } from "../../contract/api/job.ts";
import type { Signature } from "../../contract/signature.ts";
import { emptySignature } from "../../contract/signature.ts";
import { resetAdminToken } from "../server.ts";
import { EventReader } from "../testing/event-reader.ts";
import { outputRecord, ScriptedWorker } from "../testing/scripted-worker.ts";
import { TestServer } from "../testing/test-server.ts";

const signature: Signature = {
  ...emptySignature,
  properties: {
    hosts: { type: "array", items: { type: "string" } },
    count: { type: "integer", minimum: 1 },
    password: { type: "string", "x-secret": true },
  },
  required: ["hosts"],
};

describe("a job's life", () => {
  let server: TestServer;
  let worker: ScriptedWorker;

  before(async () => {
    server = await TestServer.start();
    worker = await ScriptedWorker.connect(server, (name) => (name === "takes" ? { signature } : {}));
    await server.import("plain", "\uFEFF'x'\r\n", { publish: true });
    await server.import("takes", "param()", { publish: true });
  });
  after(async () => {
    await worker.close();
    await server.close();
  });

  const start = (body: object, headers: Record<string, string> = {}) =>
    server.call<JobResource>("POST", "/api/jobs", { body, headers });
  const refused = (body: object) => server.call("POST", "/api/jobs", { body });
  const get = async (jobId: string) => (await server.call<JobResource>("GET", `/api/jobs/${jobId}`)).body;
  const countJobs = async () => (await server.call<{ items: unknown[] }>("GET", "/api/jobs")).body.items.length;

  test("starts, hands the text without byte order mark to the worker, and tells its end truthfully", async () => {
    const started = await start({ runbook: "PLAIN" });
    assert.equal(started.status, 201);
    assert.equal(started.headers.get("location"), `/api/jobs/${started.body.jobId}`);
    assert.equal(started.body.startedBy, "administrator");
    const handed = await worker.nextJob();
    assert.equal(handed.jobId, started.body.jobId);
    assert.equal(handed.script, "'x'\r\n");
    await worker.append(handed, [outputRecord(1, "one"), outputRecord(2, "two")], "Completed");
    const job = await get(started.body.jobId);
    assert.equal(job.status, "Completed");
    assert.equal(job.recordCount, 2);
    assert.ok(job.timings.acceptedAt <= (job.timings.endedAt ?? ""));
  });

  test("wrong, missing and surplus parameters are all told at once, by JSON pointer, and nothing is stored", async () => {
    const before = await countJobs();
    const answer = await refused({ runbook: "takes", parameters: { hosts: ["a", 7], count: 0, surplus: true } });
    assert.equal(answer.status, 400);
    assert.equal(answer.body.type, "invalid-parameters");
    assert.deepEqual(answer.body.errors?.map(({ pointer }) => pointer).sort(), [
      "/parameters/count",
      "/parameters/hosts/1",
      "/parameters/surplus",
    ]);
    const missing = await refused({ runbook: "takes" });
    assert.deepEqual(
      missing.body.errors?.map(({ pointer }) => pointer),
      ["/parameters/hosts"],
    );
    assert.equal(await countJobs(), before);
  });

  test("a secret parameter is shown as set, by no route as its value", async () => {
    const secret = "a very secret value";
    const started = await start({ runbook: "takes", parameters: { hosts: [], password: secret } });
    const handed = await worker.nextJob();
    assert.equal(handed.parameters["password"], secret);
    await worker.append(handed, [], "Completed");
    const shown = await server.call("GET", `/api/jobs/${started.body.jobId}`);
    const list = await server.call("GET", "/api/jobs");
    for (const { bytes } of [started, shown, list]) {
      assert.equal(bytes.includes(secret), false);
    }
    assert.deepEqual((await get(started.body.jobId)).parameters["password"], { secret: "set" });
  });

  test("an unknown, a disabled and an unpublished runbook are refused with the reason", async () => {
    assert.equal((await refused({ runbook: "nobody" })).body.type, "runbook-not-found");
    await server.import("off", "'x'", { publish: true });
    await server.call("PATCH", "/api/runbooks/off", { body: { enabled: false } });
    assert.equal((await refused({ runbook: "off" })).body.type, "runbook-disabled");
    await server.import("unpublished", "'x'");
    assert.equal((await refused({ runbook: "unpublished" })).body.type, "runbook-not-published");
  });

  test("one request starts a job and follows it to its end, and its repetition follows the same job from its beginning", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const followed = await EventReader.start(server, { runbook: "plain" }, headers);
    assert.equal(followed.status, 201);
    const handed = await worker.nextJob();
    assert.equal(followed.headers.location, `/api/jobs/${handed.jobId}`);
    await worker.append(handed, [outputRecord(1, "one"), outputRecord(2, "two")]);
    await followed.until(({ event, id }) => event === "record" && id === "1.2");
    await worker.append(handed, [outputRecord(3, "three")], "Completed");
    await followed.over();
    assert.deepEqual([followed.events[0]?.event, followed.events[0]?.data["status"]], ["job", "New"]);
    assert.equal(followed.events.at(-1)?.data["status"], "Completed");

    const again = await EventReader.start(server, { runbook: "plain" }, headers);
    await again.over();
    assert.equal(again.headers["idempotency-replayed"], "true");
    for (const { events } of [followed, again]) {
      const ids = events.flatMap(({ event, id }) => (event === "record" ? [id] : []));
      assert.deepEqual(ids, ["1.1", "1.2", "1.3"]);
      assert.equal(events.at(-1)?.data["jobId"], handed.jobId);
    }
    const refusal = await EventReader.start(server, { runbook: "nobody" });
    assert.equal(refusal.status, 404);
    refusal.close();
  });

  test("a start that is repeated under its key is done once", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const [first, second] = await Promise.all([
      start({ runbook: "plain" }, headers),
      start({ runbook: "plain" }, headers),
    ]);
    const third = await start({ runbook: "plain" }, headers);
    assert.equal(new Set([first, second, third].map(({ body }) => body.jobId)).size, 1);
    assert.equal(third.status, 201);
    assert.equal(third.headers.get("idempotency-replayed"), "true");
    await worker.append(await worker.nextJob(), [], "Completed");
    const other = await server.call("POST", "/api/jobs", { body: { runbook: "takes" }, headers });
    assert.equal(other.body.type, "idempotency-key-reused");
  });

  test("records are read by page, by stream, by time and as one text", async () => {
    const { body } = await start({ runbook: "plain" });
    const handed = await worker.nextJob();
    const time = Date.now();
    const records = Array.from({ length: 5 }, (_, index) => ({
      ...outputRecord(index + 1, `line ${index + 1}`),
      time,
    }));
    await worker.append(handed, [...records, { ...outputRecord(6, "careful"), stream: "Warning", time }], "Completed");
    const path = `/api/jobs/${body.jobId}`;
    const read = (query: string) =>
      server.call<{ items: { id: string; text: string }[]; next: string | null }>("GET", `${path}/records?${query}`);
    const first = await read("limit=4");
    assert.deepEqual(
      first.body.items.map(({ id }) => id),
      ["1.1", "1.2", "1.3", "1.4"],
    );
    const rest = await read(`limit=4&after=${first.body.next}`);
    assert.deepEqual(
      rest.body.items.map(({ text }) => text),
      ["line 5", "careful"],
    );
    assert.equal(rest.body.next, null);
    assert.equal((await read("stream=Warning")).body.items.length, 1);
    assert.equal((await read(`since=${new Date(time + 60_000).toISOString()}`)).body.items.length, 0);
    const text = await server.call<string>("GET", `${path}/output.txt`);
    assert.equal(text.body, "line 1\nline 2\nline 3\nline 4\nline 5\n");
    assert.match(text.headers.get("content-type") ?? "", /^text\/plain/);
    assert.equal((await server.call<string>("GET", `${path}/output.txt?stream=any`)).body, `${text.body}careful\n`);
    assert.equal((await server.call("GET", `${path}/records?after=x`)).body.type, "invalid-request");
    const attempts = await server.call<{ items: { attempt: number; outcome: string }[] }>("GET", `${path}/attempts`);
    assert.deepEqual(
      attempts.body.items.map(({ attempt, outcome }) => ({ attempt, outcome })),
      [{ attempt: 1, outcome: "Completed" }],
    );
  });

  test("an unknown job is not found, whatever is asked of it", async () => {
    for (const jobId of ["01a1fa6a-b729-764b-b7d2-0dd615245581", "nonsense"]) {
      for (const path of ["", "/attempts", "/records", "/output.txt"]) {
        const answer = await server.call("GET", `/api/jobs/${jobId}${path}`);
        assert.equal(answer.status, 404, path);
        assert.equal(answer.body.type, "job-not-found");
      }
      assert.equal((await server.call("POST", `/api/jobs/${jobId}/stop`)).body.type, "job-not-found");
      assert.equal((await server.call("GET", `/api/events?topics=job:${jobId}`)).body.type, "job-not-found");
    }
  });

  test("a stop reaches the worker; one of an ended job is refused", async () => {
    const { body } = await start({ runbook: "plain" });
    const handed = await worker.nextJob();
    const stop = await server.call<JobResource>("POST", `/api/jobs/${body.jobId}/stop`, { body: {} });
    assert.equal(stop.status, 202);
    assert.equal(stop.body.status, "Stopping");
    await worker.stopped(body.jobId);
    await worker.append(handed, [], "Stopped");
    assert.equal((await get(body.jobId)).status, "Stopped");
    const again = await server.call("POST", `/api/jobs/${body.jobId}/stop`);
    assert.equal(again.status, 409);
    assert.equal(again.body.type, "job-ended");
  });

  test("a reader sees records live and in order, and the job's end after its last record", async () => {
    const { body } = await start({ runbook: "plain" });
    const handed = await worker.nextJob();
    const reader = await EventReader.open(server, `topics=job:${body.jobId}`);
    await worker.append(handed, [outputRecord(1, "first")]);
    await reader.until(({ id }) => id === "1.1");
    await worker.append(handed, [outputRecord(2, "second"), outputRecord(3, "third")], "Completed");
    const events = await reader.until(({ data }) => data["status"] === "Completed");
    assert.deepEqual(
      events.filter(({ event }) => event === "record").map(({ id, data }) => `${id} ${String(data["text"])}`),
      ["1.1 first", "1.2 second", "1.3 third"],
    );
    assert.equal(events[0]?.event, "job");
    assert.equal(events.at(-1)?.data["status"], "Completed");
    assert.equal(events.find(({ event }) => event === "record")?.data["jobId"], body.jobId);
    reader.close();
  });

  test("a reader that comes back goes on after the last record it has", async () => {
    const { body } = await start({ runbook: "plain" });
    await worker.append(
      await worker.nextJob(),
      [1, 2, 3].map((number) => outputRecord(number, "x")),
      "Completed",
    );
    const topics = `topics=job:${body.jobId}`;
    for (const [query, headers] of [
      [topics, { "last-event-id": "1.2" }],
      [`${topics}&after=1.2`, {}],
      [`${topics}&after=1.1`, { "last-event-id": "1.2" }],
    ] as const) {
      const reader = await EventReader.open(server, query, headers);
      const events = await reader.until(({ event }) => event === "job");
      assert.deepEqual(
        events.map(({ id }) => id),
        ["1.3", undefined],
      );
      reader.close();
    }
  });

  test("a reader of several jobs that comes back goes on after what it has of each", async () => {
    const jobIds: string[] = [];
    for (const count of [2, 3]) {
      const { body } = await start({ runbook: "plain" });
      jobIds.push(body.jobId);
      const records = Array.from({ length: count }, (_, index) => outputRecord(index + 1, "x"));
      await worker.append(await worker.nextJob(), records, "Completed");
    }
    const [first = "", second = ""] = jobIds;
    const topics = `topics=jobs,job:${first.toUpperCase()},job:${second}`;
    const reader = await EventReader.open(server, topics);
    const isOver = ({ data }: { data: Record<string, unknown> }) => data["status"] === "Completed";
    while (reader.events.filter(isOver).length < 2) {
      await reader.changed();
    }
    reader.close();
    const lastId = reader.events.findLast(({ id }) => id !== undefined)?.id ?? "";
    assert.deepEqual(lastId.split(",").sort(), [`${first}:1.2`, `${second}:1.3`].sort());
    const partly = `${first}:1.1,${second}:1.3`;
    for (const [query, headers] of [
      [topics, { "last-event-id": partly }],
      [`${topics}&after=${partly}`, {}],
      [`${topics}&after=${lastId}`, { "last-event-id": partly }],
    ] as const) {
      const again = await EventReader.open(server, query, headers);
      while (again.events.filter(isOver).length < 2) {
        await again.changed();
      }
      again.close();
      const records = again.events.filter(({ event }) => event === "record");
      assert.deepEqual(
        records.map(({ id, data }) => ({ id, record: `${String(data["jobId"])} ${String(data["id"])}` })),
        [{ id: `${first}:1.2,${second}:1.3`, record: `${first} 1.2` }],
      );
    }
  });

  test("events of a job that does not exist are refused before they begin, whatever else is followed", async () => {
    const { body } = await start({ runbook: "plain" });
    await worker.append(await worker.nextJob(), [], "Completed");
    const unknown = "job:01a1fa6a-b729-764b-b7d2-0dd615245581";
    for (const topics of [`jobs,${unknown}`, `job:${body.jobId},${unknown}`, `jobs,job:${body.jobId},job:nonsense`]) {
      const answer = await server.call("GET", `/api/events?topics=${topics}`);
      assert.equal(answer.status, 404, topics);
      assert.equal(answer.body.type, "job-not-found");
    }
  });

  test("one connection carries several topics, also all jobs", async () => {
    const reader = await EventReader.open(server, "topics=jobs");
    const { body } = await start({ runbook: "plain" });
    await worker.append(await worker.nextJob(), [outputRecord(1, "x")], "Completed");
    const events = await reader.until(({ data }) => data["jobId"] === body.jobId && data["status"] === "Completed");
    assert.ok(events.every(({ event }) => event === "job"));
    const both = await EventReader.open(server, `topics=jobs,job:${body.jobId}`);
    await both.until(({ event }) => event === "record");
    reader.close();
    both.close();
    for (const topics of ["", "job:", "nothing", "jobs,,jobs"]) {
      assert.equal((await server.call("GET", `/api/events?topics=${topics}`)).body.type, "invalid-request");
    }
    assert.equal((await server.call("GET", "/api/events")).body.type, "invalid-request");
  });

  test("metrics count what happened", async () => {
    const { body } = await server.call<string>("GET", "/metrics");
    assert.match(body, /^runsmith_jobs_accepted_total [1-9]/m);
    assert.match(body, /^runsmith_jobs_ended_total\{status="Completed"\} [1-9]/m);
    assert.match(body, /^runsmith_stream_records_total [1-9]/m);
    assert.match(body, /^runsmith_job_start_seconds_count [1-9]/m);
    assert.match(body, /^runsmith_workers_connected 1$/m);
    assert.match(body, /^runsmith_jobs_running 0$/m);
  });

  test("a stream ends when the token that opened it does", async () => {
    const reader = await EventReader.open(server, "topics=jobs");
    const token = await resetAdminToken({ dataDirectory: server.dataDirectory });
    await reader.over();
    assert.equal((await server.call("GET", "/api/jobs")).status, 401);
    assert.equal((await server.call("GET", "/api/jobs", { token })).status, 200);
  });
});

test("open streams do not keep a server from closing", async () => {
  const server = await TestServer.start();
  const reader = await EventReader.open(server, "topics=jobs");
  await server.close();
  await reader.over();
});
