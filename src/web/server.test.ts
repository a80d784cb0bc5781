import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { controlPath } from "../contract/link/control-frames.ts";
import type { FirstStart } from "../contract/running-server.ts";
import type { ServerOptions } from "../contract/server-options.ts";
import { UserError } from "../contract/user-error.ts";
import { resetAdminToken, startServer } from "./server.ts";
import { ScriptedWorker } from "./testing/scripted-worker.ts";
import { TestServer } from "./testing/test-server.ts";

describe("the server", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runsmith-test-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const options = (name: string, more: Partial<ServerOptions> = {}): ServerOptions => ({
    dataDirectory: join(folder, name),
    port: 0,
    runtimeDirectory: join(folder, "run"),
    masterKeyDirectory: join(folder, "keys", name),
    log: { level: "error" },
    ...more,
  });

  test("makes the administrator's token at its first start only, readable by its own account only", async () => {
    const first = await startServer(options("first"));
    const token = first.newAdminToken ?? "";
    const file = await readFile(first.adminTokenFile, "utf8");
    const { mode } = await stat(first.adminTokenFile);
    await first.close();
    const second = await startServer(options("first"));
    const answer = await fetch(`${second.url}/api/installation`, { headers: { authorization: `Bearer ${token}` } });
    await second.close();
    assert.match(token, /^rs_[\w-]{43}$/);
    assert.equal(file.trim(), token);
    assert.equal(mode & 0o777, 0o600);
    assert.equal(second.newAdminToken, null);
    assert.equal(answer.status, 200);
  });

  test("tells what a first start made also when that start fails, since the next one is no first one", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const told: FirstStart[] = [];
    const start = (more: Partial<ServerOptions>) => startServer(options("told", more), (made) => told.push(made));
    await assertUserError(start({ port }), "port-taken");
    taken.close();
    await (await start({})).close();
    assert.equal(told.length, 1);
    assert.match(told[0]?.newAdminToken ?? "", /^rs_/);
    assert.equal((await stat(told[0]?.madeMasterKeyAt ?? "")).isFile(), true);
  });

  test("does not keep the token itself in its database", async () => {
    const server = await startServer(options("hashed"));
    const token = server.newAdminToken ?? "";
    await server.close();
    const dataDirectory = join(folder, "hashed");
    for (const name of await readdir(dataDirectory)) {
      if (name !== "admin.token" && (await stat(join(dataDirectory, name))).isFile()) {
        assert.equal((await readFile(join(dataDirectory, name))).includes(token), false, name);
      }
    }
  });

  test("tells commands of its machine where it is while it runs, and takes that back", async () => {
    const server = await startServer(options("announced"));
    const runFolder = join(folder, "run", "runsmith");
    const [name = ""] = await readdir(runFolder);
    const entry: unknown = JSON.parse(await readFile(join(runFolder, name), "utf8"));
    const { mode } = await stat(join(runFolder, name));
    await server.close();
    assert.deepEqual(entry, { url: server.url, tokenFile: server.adminTokenFile, pid: process.pid });
    assert.equal(mode & 0o777, 0o600);
    assert.equal((await stat(runFolder)).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(runFolder), []);
  });

  test("says that its port is taken, and leaves nothing open behind it", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    await assertUserError(startServer(options("port", { port })), "port-taken");
    await new Promise((resolve) => other.close(resolve));
    const server = await startServer(options("port", { port }));
    await server.close();
  });

  test("says that its data folder cannot be used", async () => {
    await writeFile(join(folder, "a-file"), "");
    await assertUserError(startServer(options("a-file")), "data-directory-unusable");
  });

  test("refuses a data folder that another server uses", async () => {
    const server = await startServer(options("shared"));
    await assertUserError(startServer(options("shared")), "data-directory-in-use");
    await server.close();
  });

  test("refuses to send tokens unencrypted over a network", async () => {
    await assertUserError(startServer(options("open", { listen: "0.0.0.0" })), "tls-needed");
    await assertUserError(startServer(options("open", { listen: "somewhere" })), "invalid-listen-address");
    await assertUserError(startServer(options("open", { behindProxy: ["10.0.0.0/99"] })), "invalid-proxy-network");
    await assertUserError(startServer(options("open", { tlsKeyFile: "key.pem" })), "invalid-tls-options");
    const missing = { tlsKeyFile: join(folder, "none.key"), tlsCertificateFile: join(folder, "none.crt") };
    await assertUserError(startServer(options("open", missing)), "tls-file-unreadable");
  });

  test("serves TLS with a certificate of its own, kept from start to start", async () => {
    const first = await startServer(options("tls", { tls: "self-signed", listen: "0.0.0.0" }));
    const ca = await readFile(first.caFile ?? "");
    const status = await secureStatus(`${first.url}/healthz`, ca);
    const key = await stat(join(folder, "tls", "self-signed.key"));
    await first.close();
    const second = await startServer(options("tls", { tls: "self-signed" }));
    const again = await readFile(second.caFile ?? "");
    await second.close();
    assert.match(first.url, /^https:\/\/127\.0\.0\.1:/);
    assert.equal(status, 200);
    assert.equal(key.mode & 0o777, 0o600);
    assert.deepEqual(again, ca);
    assert.ok(new X509Certificate(ca).checkHost("localhost"));
  });

  test("behind a proxy, takes forwarded headers from the proxy's network only", async () => {
    const server = await TestServer.start({ behindProxy: ["127.0.0.1/32"] });
    const headers = { "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7" };
    const secure = await server.call("GET", "/healthz", { headers });
    const plain = await server.call("GET", "/healthz");
    await server.close();
    assert.ok(secure.headers.has("strict-transport-security"));
    assert.ok(!plain.headers.has("strict-transport-security"));
  });

  test("behind a proxy, takes plain HTTP from the proxy's network and this machine only", async (t) => {
    const own = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4");
    if (own === undefined) {
      t.skip("this machine has no address but loopback");
      return;
    }
    const server = await TestServer.start({ listen: "0.0.0.0", behindProxy: ["203.0.113.250/32"] });
    t.after(() => server.close());
    const { port } = new URL(server.url);
    const strange = await fetch(`http://${own.address}:${port}/healthz`);
    const body = (await strange.json()) as { type: string };
    const local = await server.call("GET", "/healthz");
    assert.equal(strange.status, 403);
    assert.equal(body.type, "plain-http-refused");
    assert.equal(local.status, 200);
  });

  test("answers the probes: alive and ready", async () => {
    const server = await TestServer.start();
    assert.equal((await server.call("GET", "/healthz", { token: null })).status, 200);
    assert.equal((await server.call("GET", "/readyz", { token: null })).status, 200);
    await server.close();
  });

  test("serves metrics with a token, and without one on a listener of their own", async () => {
    const server = await TestServer.start({ metrics: { port: 0 } });
    const guarded = await server.call<string>("GET", "/metrics");
    const open = await fetch(server.server.metricsUrl ?? "");
    const text = await open.text();
    await server.close();
    for (const figures of [guarded.body, text]) {
      assert.match(figures, /^runsmith_jobs_accepted_total 0$/m);
      assert.match(figures, /^runsmith_store_commits \d+$/m);
      assert.match(figures, /^process_resident_memory_bytes/m);
    }
  });

  test("gives new runbooks its default grants, and workers the lease of their group", async () => {
    const server = await TestServer.start({
      defaultGrants: [{ type: "network" }],
      leaseDurations: { default: 77_000 },
    });
    const { body } = await server.import<{ grants: unknown }>("granted", "'x'");
    const worker = await ScriptedWorker.connect(server);
    await worker.close();
    await server.close();
    assert.deepEqual(body.grants, [{ type: "network" }]);
    assert.equal(worker.leaseDuration, 77_000);
  });

  test("throttles an address that sends wrong token after wrong token, without holding up one that was good before", async () => {
    const server = await TestServer.start();
    await server.call("GET", "/api/jobs");
    const token = `rs_${"x".repeat(43)}`;
    const statuses: number[] = [];
    for (let number = 0; number < 101; number++) {
      statuses.push((await server.call("GET", "/api/jobs", { token })).status);
    }
    const late = await server.call("GET", "/api/jobs", { token });
    const good = await server.call("GET", "/api/jobs");
    await server.close();
    assert.deepEqual([...new Set(statuses)], [401, 429]);
    assert.equal(late.body.type, "too-many-refusals");
    assert.match(late.headers.get("retry-after") ?? "", /^[1-9]\d?$/);
    assert.ok(late.body.remedy);
    assert.equal(good.status, 200);
  });

  test("gives a worker its link though its address sends wrong token after wrong token in requests", async () => {
    const server = await TestServer.start();
    await server.call("GET", "/api/jobs");
    const statuses: number[] = [];
    for (let number = 0; number < 102; number++) {
      const token = `rs_${String(number).padStart(43, "x")}`;
      statuses.push((await server.call("GET", "/api/jobs", { token })).status);
    }
    const worker = await ScriptedWorker.connect(server);
    await worker.close();
    await server.close();
    assert.ok(statuses.includes(429));
  });

  test("sends the headers on every answer that keep it from being cached, sniffed, framed or run", async () => {
    const server = await TestServer.start();
    for (const path of ["/healthz", "/api/installation", "/api/unknown", "/unknown"]) {
      const { headers } = await server.call("GET", path);
      assert.equal(headers.get("cache-control"), "no-store", path);
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
      assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/, path);
      assert.equal(headers.get("x-powered-by"), null, path);
      assert.ok(headers.get("x-request-id"), path);
    }
    await server.close();
  });

  test("closes although a connected worker does not answer any more", async () => {
    const server = await TestServer.start();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const token = await server.workerToken();
    socket.write(
      `GET ${controlPath} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`,
    );
    await once(socket, "data");
    // It reads on, but never answers the closing handshake.
    socket.resume();
    await Promise.all([server.close(), once(socket, "close")]);
  });

  test("gives the local worker a fresh token at each start, of the same worker", async () => {
    const server = await TestServer.start();
    const first = await server.server.localWorkerToken("default");
    const second = await server.server.localWorkerToken("default");
    const workers = await server.call<{ items: { name: string }[] }>("GET", "/api/workers");
    const statuses = [
      (await server.call("GET", "/api/workers", { token: first })).status,
      (await server.call("GET", "/api/workers", { token: second })).status,
    ];
    await server.close();
    assert.deepEqual(
      workers.body.items.map(({ name }) => name),
      ["local"],
    );
    assert.deepEqual(statuses, [401, 403]);
  });

  describe("a new administrator's token", () => {
    test("is made by the running server, on its machine, and ends the former one at once", async () => {
      const deep = `${"deep-".repeat(30)}/${"folder-".repeat(20)}`;
      await mkdir(join(folder, deep), { recursive: true });
      const server = await startServer(options(deep));
      const status = async (token: string) =>
        (await fetch(`${server.url}/api/workers`, { headers: { authorization: `Bearer ${token}` } })).status;
      const former = server.newAdminToken ?? "";
      assert.equal(await status(former), 200);
      const token = await resetAdminToken({ dataDirectory: join(folder, deep) });
      const statuses = [await status(former), await status(token)];
      const file = await readFile(server.adminTokenFile, "utf8");
      const socket = await stat(join(folder, deep, "control.sock"));
      await server.close();
      assert.deepEqual(statuses, [401, 200]);
      assert.equal(file.trim(), token);
      assert.equal(socket.mode & 0o777, 0o600);
    });

    test("is made from the data when no server runs", async () => {
      const former = await startServer(options("stopped"));
      await former.close();
      const token = await resetAdminToken({ dataDirectory: join(folder, "stopped") });
      const server = await startServer(options("stopped"));
      const status = async (of: string) =>
        (await fetch(`${server.url}/api/workers`, { headers: { authorization: `Bearer ${of}` } })).status;
      const statuses = [await status(former.newAdminToken ?? ""), await status(token)];
      await server.close();
      assert.deepEqual(statuses, [401, 200]);
    });

    test("is refused where there is no data", async () => {
      await assertUserError(resetAdminToken({ dataDirectory: join(folder, "nowhere") }), "no-data-directory");
    });
  });
});

async function assertUserError(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.ok(error.remedy);
    return true;
  });
}

function secureStatus(url: string, ca: Buffer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { ca, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on("error", reject)
      .end();
  });
}
