import assert from "node:assert/strict";
import { test } from "node:test";
import { commandModules } from "./commands/index.ts";
import { runsmith } from "./testing/runsmith.ts";

test("the help names every command, and each command's help has an example", async () => {
  const { code, stdout } = await runsmith(["--help"]);
  assert.equal(code, 0);
  for (const name of Object.keys(commandModules)) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
  for (const module of await Promise.all(Object.values(commandModules).map((load) => load()))) {
    assert.ok(module.command.examples.length > 0, module.command.name);
  }
});

test("each command is found under its own name", async () => {
  for (const [name, load] of Object.entries(commandModules)) assert.equal((await load()).command.name, name);
});

test("wrong usage exits with 2 and says how to use the command", async () => {
  for (const args of [
    ["start-runbook"],
    ["get-job", "--surplus"],
    ["no-such-command"],
    ["get-job", "--limit", "x"],
    ["set-worker", "local"],
    ["hold-dispatch", "--group", "a", "--runbook", "b"],
  ]) {
    const { code, stdout, stderr } = await runsmith(args, { RUNSMITH_URL: "http://127.0.0.1:1", RUNSMITH_TOKEN: "x" });
    assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.equal(stdout, "");
    assert.match(stderr, /^Error: /);
  }
});

test("a database's password on the command line is refused, not repeated, and the other ways are named", async () => {
  const url = "mssql://runsmith:s3cret@sql.example.net/runsmith";
  for (const args of [
    ["server", "--database", url],
    ["start", `--database=${url}`],
    ["server", "--database-file", url],
    ["reset-admin-token", url],
  ]) {
    const { code, stderr } = await runsmith(args, {});
    assert.equal(code, 2, stderr);
    assert.equal(stderr.includes("s3cret"), false, stderr);
    assert.match(stderr, /--database-file.*RUNSMITH_DATABASE.*systemd/);
  }
});

test("a service that is not reachable exits with 5, and says where it was sought and what to do", async () => {
  const env = { RUNSMITH_URL: "http://127.0.0.1:1", RUNSMITH_TOKEN: "x" };
  const { code, stderr } = await runsmith(["get-job"], env);
  assert.equal(code, 5);
  assert.match(stderr, /http:\/\/127\.0\.0\.1:1 is not reachable/);
  assert.match(stderr, /What to do: /);
});

test("an address without a token exits with 5 and says how to sign in", async () => {
  const { code, stderr } = await runsmith(["get-job"], { RUNSMITH_URL: "http://127.0.0.1:1" });
  assert.equal(code, 5);
  assert.match(stderr, /RUNSMITH_TOKEN/);
});

test("under --output json an error is one JSON object on standard error", async () => {
  const env = { RUNSMITH_URL: "http://127.0.0.1:1", RUNSMITH_TOKEN: "x" };
  const { stderr, stdout } = await runsmith(["get-job", "--output", "json"], env);
  assert.equal(stdout, "");
  const { error } = JSON.parse(stderr);
  assert.equal(error.type, "not-reachable");
  assert.equal(error.status, 503);
  assert.equal(typeof error.remedy, "string");
});

test("the completion scripts know every command", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout } = await runsmith(["completion", shell]);
    assert.equal(code, 0);
    for (const name of Object.keys(commandModules)) assert.ok(stdout.includes(name), `${shell}: ${name}`);
  }
});
