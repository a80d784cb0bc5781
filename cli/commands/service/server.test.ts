import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { runsmith } from "../../testing/runsmith.ts";

const program = join(import.meta.dirname, "..", "..", "..", "bin", "runsmith.js");

test("a server tells the addresses it chose, and another one that finds its port taken exits with 5", async () => {
  await using folder = await temporaryFolder();
  const server = spawn(
    process.execPath,
    [
      program,
      "server",
      "--port",
      "0",
      "--metrics-port",
      "0",
      "--data",
      join(folder.path, "data"),
      "--master-key-folder",
      folder.path,
    ],
    { stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env["PATH"], XDG_RUNTIME_DIR: folder.path } },
  );
  const exited = once(server, "exit");
  try {
    const addresses: Record<string, string> = {};
    for await (const line of createInterface(server.stdout)) {
      const [, what = "", url = ""] = /^(Metrics are served|Runsmith is ready) at (http\S+)$/.exec(line) ?? [];
      addresses[what] = url;
      if (what === "Runsmith is ready") break;
    }
    const metrics = await fetch(addresses["Metrics are served"] ?? "");
    assert.match(await metrics.text(), /runsmith_jobs_running/);
    const { port } = new URL(addresses["Runsmith is ready"] ?? "");
    const second = await runsmith(
      ["server", "--port", port, "--data", join(folder.path, "other"), "--master-key-folder", folder.path],
      {
        XDG_RUNTIME_DIR: folder.path,
      },
    );
    assert.equal(second.code, 5);
    assert.match(second.stderr, /listens on 127\.0\.0\.1, port \d+ already\.\n.*--port/);
  } finally {
    server.kill("SIGTERM");
    await exited;
  }
});
