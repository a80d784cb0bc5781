import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { buildNodeHost } from "./build-node-host.ts";
import { nodeHostLauncher } from "./node-host-launcher.ts";

const directory = await mkdtemp(path.join(tmpdir(), "runsmith-node-launcher-"));
after(() => rm(directory, { recursive: true }));

test("the host is built once, into files that everyone may read", async () => {
  const [first, second] = await Promise.all([buildNodeHost(directory), buildNodeHost(directory)]);
  assert.equal(first, second);
  const { mode, mtimeMs } = await stat(first);
  assert.equal(mode & 0o777, 0o644);
  assert.equal(await buildNodeHost(directory), first);
  assert.equal((await stat(first)).mtimeMs, mtimeMs);
  assert.deepEqual((await readdir(path.dirname(first))).toSorted(), ["clean-state.mjs", "host.mjs"]);
});

test("a host that was changed on the disk is built anew", async () => {
  const file = await buildNodeHost(directory);
  const program = await readFile(file, "utf8");
  await writeFile(file, "tampered");
  assert.equal(await buildNodeHost(directory), file);
  assert.equal(await readFile(file, "utf8"), program);
});

test("what a launcher offers is all there, without symbolic links", async () => {
  const target = path.join(directory, "real");
  await mkdir(target);
  await symlink(target, path.join(directory, "link"));
  const program = await nodeHostLauncher.prepare(path.join(directory, "link"));
  assert.ok(!("missing" in program));
  assert.equal(execFileSync(program.command, ["--version"], { encoding: "utf8" }).trim(), `v${program.version}`);
  for (const file of [program.command, program.arguments.at(-1) ?? ""]) {
    assert.equal(await stat(file).then((found) => found.isFile()), true);
    assert.ok(
      program.readOnlyPaths.some((shared) => file === shared || file.startsWith(`${shared}/`)),
      file,
    );
  }
  assert.ok(program.arguments.at(-1)?.startsWith(target));
});

test("Node is shared with every account where it lies in a closed folder", async () => {
  const closed = path.join(directory, "closed");
  await mkdir(closed, { mode: 0o700 });
  const node = path.join(closed, "node");
  execFileSync("cp", [process.execPath, node]);
  const script = `
    const { nodeHostLauncher } = await import(${JSON.stringify(path.join(import.meta.dirname, "node-host-launcher.ts"))});
    console.log(JSON.stringify([await nodeHostLauncher.prepare(${JSON.stringify(directory)}), await nodeHostLauncher.prepare(${JSON.stringify(directory)})]));`;
  const output = execFileSync(node, ["--input-type=module", "-e", script], { encoding: "utf8" });
  const [first, second] = JSON.parse(output) as { command: string }[];
  assert.deepEqual(first, second);
  assert.equal(first?.command.startsWith(`${directory}/node-`), true);
  const [shared, original] = await Promise.all([stat(first?.command ?? ""), stat(node)]);
  assert.equal(shared.ino, original.ino);
});

test("outside of a job the runbook API writes to the console", () => {
  const script = `
    import { job, progress, signal, sleep, step, verbose } from "runsmith";
    verbose("v", 1); progress({ activity: "a", percent: 50 }); await sleep(1);
    console.log(await step("s", () => 7), job.attempt, signal.aborted);`;
  const output = execFileSync(process.execPath, ["--conditions=runsmith-source", "--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  assert.equal(output, "7 0 false\n");
});
