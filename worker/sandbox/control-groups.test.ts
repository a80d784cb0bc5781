import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openControlGroups } from "./control-groups.ts";
import { defaultResourceLimits } from "./resource-limits.ts";

describe("control groups", () => {
  let folder: string;
  let unit: string;
  const invocation = process.env["INVOCATION_ID"];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "runsmith-cgroup-test-"));
    unit = join(folder, "system.slice", "runsmith.service");
    mkdirSync(unit, { recursive: true });
    writeFileSync(join(folder, "membership"), "0::/system.slice/runsmith.service\n");
    writeFileSync(join(unit, "cgroup.controllers"), "cpu memory pids\n");
    writeFileSync(join(unit, "cgroup.procs"), "");
    process.env["INVOCATION_ID"] = "test";
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
    if (invocation === undefined) delete process.env["INVOCATION_ID"];
    else process.env["INVOCATION_ID"] = invocation;
  });

  const open = () =>
    openControlGroups(defaultResourceLimits, { mountPoints: [folder], membership: join(folder, "membership") });

  it("of a delegated unit are divided, and hold a host to its limits", async () => {
    const groups = await open();
    assert.ok(!("missing" in groups));
    assert.equal(readFileSync(join(unit, "cgroup.subtree_control"), "utf8"), "+memory +pids");
    const group = await groups.create("1");
    await group.add([4711]);
    const read = (name: string) => readFileSync(join(unit, "host-1", name), "utf8");
    assert.equal(read("cgroup.procs"), "4711");
    assert.equal(read("pids.max"), String(defaultResourceLimits.processes));
    assert.ok(Number(read("memory.max")) >= defaultResourceLimits.memory);
    writeFileSync(join(unit, "host-1", "memory.events"), "low 0\noom 1\noom_kill 1\n");
    assert.equal(await group.ranOutOfMemory(), true);
  });

  it("are left alone where they are not delegated, and the reason is told", async () => {
    writeFileSync(join(unit, "cgroup.controllers"), "cpu\n");
    assert.match(JSON.stringify(await open()), /memory and pids are not delegated/);
    writeFileSync(join(folder, "membership"), "1:name=systemd:/\n");
    assert.match(JSON.stringify(await open()), /no control groups of version 2/);
  });
});
