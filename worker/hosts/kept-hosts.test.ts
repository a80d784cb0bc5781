import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Grant } from "../../src/contract/grant.ts";
import type { AttemptEnd } from "../../src/contract/link/records-frames.ts";
import { silentLogger } from "../../src/contract/logger.ts";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { noAssets } from "../assets/asset-provider.ts";
import { noRunbooks } from "../children/runbook-provider.ts";
import { noRegister } from "../guard/host-register.ts";
import { localClock } from "../link/service-clock.ts";
import { prepareGrants } from "../sandbox/prepared-grants.ts";
import { AttemptRun } from "../slots/attempt-run.ts";
import { testRuntimeDirectory } from "../testing/test-worker.ts";
import { resolveHostOptions } from "../worker-options.ts";
import type { HostProcess } from "./host-process.ts";
import { KeptHosts, type KeptHostsOptions, type ServiceLimits } from "./kept-hosts.ts";
import { launcherOf } from "./launchers.ts";
import type { Hosts } from "./open-hosts.ts";
import { openHosts } from "./open-hosts.ts";
import type { Profile } from "./profile.ts";
import { profileKey } from "./profile.ts";
import { WarmPool } from "./warm-pool.ts";

const plenty = 1024 ** 3;

describe("hosts that wait for a further job", () => {
  let hosts: Hosts;
  let pool: WarmPool;
  let kept: KeptHosts;
  before(async () => {
    hosts = await openHosts(resolveHostOptions({ runtimeDirectory: testRuntimeDirectory }), [launcherOf("node")], {
      concurrency: 20,
      register: noRegister,
      dedicated: true,
    });
  });
  afterEach(async () => {
    await kept.close();
    await pool.close();
  });
  after(() => hosts.close());

  function open(options: Partial<KeptHostsOptions> = {}): void {
    pool = new WarmPool({ starter: hosts.starter, memory: 0, slots: 4, base: {}, logger: silentLogger });
    kept = new KeptHosts({ pool, sandboxed: true, most: 4, memory: plenty, ...options });
  }

  /** Runs a job. @returns what tells its host from others */
  async function run(reuseKey: string, script = "export default () => performance.timeOrigin"): Promise<unknown> {
    const order = {
      jobId: randomUUID(),
      attempt: 1,
      runbook: { name: "test", kind: "TypeScript" },
      script,
      parameters: {},
      parameterSchemas: {},
      secrets: [],
      journal: [],
      checkpoint: null,
      children: [],
      grants: [],
      logs: { verbose: false, debug: false, progress: false },
      timeLimit: null,
      stopGrace: 1_000,
      outputLimit: plenty,
      reuseKey,
    } as const;
    const { promise, resolve } = Promise.withResolvers<AttemptEnd>();
    const dependencies = {
      pool,
      keptHosts: kept,
      assets: noAssets,
      runbooks: noRunbooks,
      clock: localClock,
      logger: silentLogger,
      sandboxed: true,
      leaseLapsed: () => false,
    };
    const attempt = new AttemptRun({ ...order, grants: [] }, dependencies, {
      running() {},
      record() {},
      journal() {},
      batchOver() {},
      scriptOver() {},
      ended: resolve,
    });
    const { outcome, result, exception } = await promise;
    await attempt.over;
    assert.equal(outcome, "Completed", exception?.message ?? "");
    return result;
  }

  it("end after the number of jobs that one may serve", async () => {
    open({ limits: { jobs: 2 } });
    const served = [await run("a"), await run("a"), await run("a"), await run("a")];
    assert.equal(served[1], served[0]);
    assert.notEqual(served[2], served[1]);
    assert.equal(served[3], served[2]);
  });

  it("end when their first job is too long ago", async () => {
    open({ limits: { time: 0 } });
    assert.notEqual(await run("a"), await run("a"));
  });

  it("end when nobody has needed them for a while, and make room for those of other keys", async () => {
    open({ limits: { wait: 0 } });
    const first = await run("a");
    // The look after those that wait too long comes every second.
    await delay(2_100);
    assert.notEqual(await run("a"), first);
    await kept.close();
    await pool.close();
    open({ most: 1 });
    const older = await run("a");
    const newer = await run("b");
    assert.equal(await run("b"), newer);
    assert.notEqual(await run("a"), older);
  });

  it("serve one job only where they cannot be cleared, without a sandbox", async () => {
    open({ sandboxed: false });
    assert.notEqual(await run("a"), await run("a"));
  });
});

interface Made {
  host: HostProcess;
  rest(): void;
  killed: boolean;
}

/** A pool whose hosts are there at once, and ready for a further job when a test says so. */
function instantPool(grants: readonly Grant[]): { made: Made[]; pool: WarmPool } {
  const made: Made[] = [];
  const take = async (kind: HostKind) => {
    const gone = Promise.withResolvers<null>();
    const rest = Promise.withResolvers<void>();
    const profile: Profile = {
      ...{ kind, key: profileKey(kind, grants), warnings: [] },
      grants: await prepareGrants(grants, { hidden: [], unchangeable: [] }),
    };
    const kill = () => {
      one.killed = true;
      gone.resolve(null);
    };
    const host = { profile, kill, gone: gone.promise, release: () => rest.promise } as unknown as HostProcess;
    const one = { host, rest: () => rest.resolve(), killed: false };
    made.push(one);
    return host;
  };
  return { made, pool: { take } as unknown as WarmPool };
}

const never = new AbortController().signal;

describe("a host on its way from one job to the next", () => {
  it("goes to no job that waits for it when what it was granted is another folder by now", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "runsmith-kept-hosts-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const granted = join(folder, "granted");
    mkdirSync(granted);
    const grants: Grant[] = [{ type: "path", path: granted, access: "read" }];
    const { made, pool } = instantPool(grants);
    const kept = new KeptHosts({ pool, sandboxed: true, most: 4, memory: plenty });
    t.after(() => kept.close());
    const first = await kept.take("node", grants, "key", never);
    kept.giveBack(first, "key");
    const next = kept.take("node", grants, "key", never);
    // The same name, and another folder behind it.
    renameSync(granted, `${granted} before`);
    mkdirSync(granted);
    made[0]?.rest();
    assert.notEqual(await next, first);
    assert.deepEqual(
      made.map(({ killed }) => killed),
      [true, false],
    );
  });
});

describe("a host that waits for a further job", () => {
  it("goes to none when it ends while its grants are looked at", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "runsmith-kept-hosts-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const grants: Grant[] = [{ type: "path", path: folder, access: "read" }];
    const { made, pool } = instantPool(grants);
    const kept = new KeptHosts({ pool, sandboxed: true, most: 4, memory: plenty });
    t.after(() => kept.close());
    const first = await kept.take("node", grants, "key", never);
    kept.giveBack(first, "key");
    made[0]?.rest();
    await delay(20);
    const next = kept.take("node", grants, "key", never);
    first.kill();
    assert.notEqual(await next, first);
  });
});

describe("where the processors have no time to spare", () => {
  function openBusy(t: TestContext, limits: Partial<ServiceLimits> = {}): { made: Made[]; kept: KeptHosts } {
    const { made, pool } = instantPool([]);
    const processors = { areScarce: true };
    const kept = new KeptHosts({ pool, sandboxed: true, most: 4, memory: plenty, processors, limits });
    t.after(() => kept.close());
    return { made, kept };
  }

  /** As many hosts as there are processors, each with a job, after one whose host went on; a host takes longer than any test to start. */
  async function serving(made: Made[], kept: KeptHosts, kind: HostKind = "pwsh"): Promise<HostProcess[]> {
    const first = await kept.take(kind, [], "key", never);
    kept.giveBack(first, "key");
    made[0]?.rest();
    await delay(1);
    return await Promise.all(Array.from({ length: availableParallelism() }, () => kept.take(kind, [], "key", never)));
  }

  /** What a job comes to have, or "nothing" where it still waits after some time. */
  async function soon(taking: Promise<HostProcess>): Promise<HostProcess | "nothing"> {
    return await Promise.race([taking, delay(20, "nothing" as const)]);
  }

  it("a job waits for a host that serves another short one, and has none started", async (t) => {
    const { made, kept } = openBusy(t);
    const hosts = await serving(made, kept);
    const further = kept.take("pwsh", [], "key", never);
    assert.equal(await soon(further), "nothing");
    const last = hosts.at(-1);
    assert.ok(last);
    kept.giveBack(last, "key");
    made.at(-1)?.rest();
    assert.equal(await further, last);
    assert.equal(made.length, hosts.length);
  });

  it("a job has a host started after all when none comes in about the time of a start", async (t) => {
    const { made, kept } = openBusy(t);
    const hosts = await serving(made, kept, "node");
    assert.ok(!hosts.includes(await kept.take("node", [], "key", never)));
  });

  it("a job has a host started at once when those that served are gone or spent, or no job of its key has ended yet", async (t) => {
    for (const lose of ["gone", "spent", "none"]) {
      const { made, kept } = openBusy(t, { jobs: lose === "spent" ? 1 : 100 });
      const hosts = await (lose === "none"
        ? Promise.all(Array.from({ length: availableParallelism() }, () => kept.take("pwsh", [], "key", never)))
        : serving(made, kept));
      const further = kept.take("pwsh", [], "key", never);
      for (const host of hosts) {
        if (lose === "gone") host.kill();
        if (lose === "spent") kept.giveBack(host, "key");
      }
      assert.notEqual(await soon(further), "nothing", lose);
    }
  });

  it("a job that gives up waiting has no host started", async (t) => {
    const { made, kept } = openBusy(t);
    const hosts = await serving(made, kept, "node");
    const giveUp = new AbortController();
    const further = kept.take("node", [], "key", giveUp.signal);
    giveUp.abort(new Error("stopped"));
    await assert.rejects(further, { message: "stopped" });
    await assert.rejects(kept.take("node", [], "key", giveUp.signal), { message: "stopped" });
    await delay(100);
    assert.equal(made.length, hosts.length);
  });
});
