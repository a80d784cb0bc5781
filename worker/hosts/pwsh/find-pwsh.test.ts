import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { findPwsh } from "./find-pwsh.ts";

describe("a machine without a PowerShell that can serve says why", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "runsmith-find-pwsh-"));
  after(() => rm(folder, { recursive: true, force: true }));

  const program = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\n${text}\n`);
    await chmod(file, 0o755);
    return file;
  };

  it("none is on PATH", async () => {
    assert.deepEqual(await findPwsh({ PATH: `${folder}/nothing:relative` }), {
      missing:
        "PowerShell 7.4 or later was not found on PATH; install it (https://aka.ms/powershell) or set RUNSMITH_PWSH",
    });
  });

  it("RUNSMITH_PWSH names no program", async () => {
    assert.deepEqual(await findPwsh({ PATH: "/usr/bin", RUNSMITH_PWSH: "/nonexistent/pwsh" }), {
      missing: "RUNSMITH_PWSH names /nonexistent/pwsh, which is not an executable file",
    });
  });

  it("it is too old", async () => {
    const file = await program("old", `echo 7.2.18; echo ${folder}`);
    assert.deepEqual(await findPwsh({ RUNSMITH_PWSH: file }), {
      missing: `PowerShell 7.2.18 at ${file} is too old: Runsmith needs 7.4 or later; install it (https://aka.ms/powershell) or set RUNSMITH_PWSH`,
    });
  });

  it("it does not start", async () => {
    const file = await program("broken", "echo 'no such library' >&2; exit 1");
    assert.deepEqual(await findPwsh({ RUNSMITH_PWSH: file }), { missing: `${file} does not start: no such library` });
  });

  it("it is only a tool of .NET, which has no program of its own", async () => {
    const file = await program("tool", "echo 7.6.5; echo /usr");
    const found = await findPwsh({ RUNSMITH_PWSH: file });
    assert.match("missing" in found ? found.missing : "", /is a \.NET tool, which cannot be a host/);
  });
});
