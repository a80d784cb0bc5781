import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { silentLogger } from "../../src/contract/logger.ts";
import { noRegister } from "../guard/host-register.ts";
import { testRuntimeDirectory } from "../testing/test-worker.ts";
import { resolveHostOptions } from "../worker-options.ts";
import type { HostProcess } from "./host-process.ts";
import { launcherOf } from "./launchers.ts";
import type { Hosts } from "./open-hosts.ts";
import { openHosts } from "./open-hosts.ts";
import { WarmPool } from "./warm-pool.ts";

describe("the warm pool", () => {
  let hosts: Hosts;
  let pool: WarmPool;
  const folder = mkdtempSync(join(tmpdir(), "runsmith-pool-test-"));
  before(async () => {
    // Hosts of a worker that is root are other accounts.
    chmodSync(folder, 0o755);
    hosts = await openHosts(resolveHostOptions({ runtimeDirectory: testRuntimeDirectory }), [launcherOf("node")], {
      concurrency: 40,
      register: noRegister,
      dedicated: true,
    });
  });
  afterEach(() => pool.close());
  after(() => {
    hosts.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(base: number, memory = 512 * 1024 ** 2): WarmPool {
    pool = new WarmPool({ starter: hosts.starter, memory, slots: 8, base: { node: base }, logger: silentLogger });
    return pool;
  }

  it("has the default profile's hosts ready from the start, and gives each of them away once", async () => {
    open(2);
    await until(() => pool.idleHosts().node === 2);
    const taken = [await pool.take("node", []), await pool.take("node", []), await pool.take("node", [])];
    assert.equal(new Set(taken).size, 3);
    await end(taken);
    await until(() => (pool.idleHosts().node ?? 0) >= 2);
  });

  it("starts hosts for jobs that wait, in the order in which they came, when none is ready", async () => {
    open(0);
    const order: number[] = [];
    const taken = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (index) => {
        const host = await pool.take("node", []);
        order.push(index);
        return host;
      }),
    );
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
    await end(taken);
  });

  it("starts its hosts one at a time, but side by side when jobs have taken the last one", async () => {
    let starting = 0;
    let most = 0;
    const starter = new Proxy(hosts.starter, {
      get(target, property) {
        if (property === "start")
          return async (...of: Parameters<typeof target.start>) => {
            most = Math.max(most, ++starting);
            const host = await target.start(...of);
            const over = () => starting--;
            host.ready.then(over, over);
            return host;
          };
        const value: unknown = Reflect.get(target, property);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    pool = new WarmPool({
      starter,
      memory: 512 * 1024 ** 2,
      slots: 8,
      base: { node: 3 },
      logger: silentLogger,
    });
    await until(() => pool.idleHosts().node === 3);
    most = 0;
    const one = await pool.take("node", []);
    await until(() => pool.idleHosts().node === 3);
    assert.equal(most, 1);
    const taken = [await pool.take("node", []), await pool.take("node", []), await pool.take("node", [])];
    await until(() => pool.idleHosts().node === 3);
    assert.equal(most, Math.min(3, availableParallelism()));
    await end([one, ...taken]);
  });

  it("replaces a host that died while it waited", async () => {
    open(1);
    await until(() => pool.idleHosts().node === 1);
    const host = await pool.take("node", []);
    await end([host]);
    await until(() => pool.idleHosts().node === 1);
    const next = await pool.take("node", []);
    assert.notEqual(next, host);
    await end([next]);
  });

  it("lets another profile earn hosts by its jobs, two at most, and only within its memory", async () => {
    open(0);
    const grants = [{ type: "processes" } as const];
    for (let i = 0; i < 3; i++) await end([await pool.take("node", grants)]);
    await until(() => pool.idleHosts().node === 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(pool.idleHosts().node, 2);
    await pool.close();

    open(0, 0);
    await end([await pool.take("node", grants)]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(pool.idleHosts().node, 0);
  });

  it("does not give a host that sees a folder which is not the granted one any more", async () => {
    open(0);
    const path = join(folder, "granted");
    mkdirSync(path);
    const grants = [{ type: "path", path, access: "read" } as const];
    await end([await pool.take("node", grants)]);
    await until(() => pool.idleHosts().node === 1);
    renameSync(path, join(folder, "former"));
    await assert.rejects(pool.take("node", grants), /does not exist/);
    mkdirSync(path);
    await end([await pool.take("node", grants)]);
  });

  it("gives up waiting when it is told to, and uses no host for that", async () => {
    open(0);
    const abort = new AbortController();
    const waiting = pool.take("node", [], abort.signal);
    abort.abort(new Error("stopped by the test"));
    await assert.rejects(waiting, /stopped by the test/);
    await end([await pool.take("node", [])]);
  });

  it("ends what idles and what starts when it closes", async () => {
    open(2);
    const waiting = pool.take("node", [{ type: "processes" }]);
    waiting.catch(() => {});
    await pool.close();
    await assert.rejects(waiting, /closing/);
    assert.equal(pool.idleHosts().node, 0);
  });
});

async function end(taken: HostProcess[]): Promise<void> {
  for (const host of taken) host.kill();
  await Promise.all(taken.map((host) => host.gone));
}

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("waited in vain");
}
