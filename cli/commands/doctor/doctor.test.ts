import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Finding } from "../../doctor/check.ts";
import { runsmith } from "../../testing/runsmith.ts";

const folder = mkdtempSync(join(tmpdir(), "runsmith-doctor-test-"));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));

async function examine(env: Record<string, string>) {
  const { code, stdout } = await runsmith(["doctor", "--output", "json", "--port", "0", "--data", folder], env);
  const findings: Finding[] = JSON.parse(stdout);
  return { code, finding: (name: string) => findings.find(({ check }) => check === name) };
}

describe("doctor asks what a worker asks", () => {
  it("a bubblewrap that is there but makes no sandbox prevents Runsmith from running, with a remedy", async () => {
    const broken =
      '#!/bin/sh\n[ "$1" = --version ] && echo "bubblewrap 0.8.0" && exit 0\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n';
    writeFileSync(join(folder, "bwrap"), broken, { mode: 0o755 });
    const { code, finding } = await examine({ PATH: `${folder}:${process.env["PATH"]}` });
    assert.equal(finding("sandbox")?.state, "ok");
    assert.equal(finding("isolation")?.state, "failed");
    assert.match(finding("isolation")?.detail ?? "", /No permissions to create new namespace/);
    assert.match(finding("isolation")?.remedy ?? "", /user namespaces/);
    assert.equal(code, 1);
  });

  it("a PowerShell that no worker could use is none, whatever version it says it is", async () => {
    const pretender = join(folder, "pretender");
    writeFileSync(pretender, "#!/bin/sh\necho PowerShell 7.6.0\n", { mode: 0o755 });
    const { finding } = await examine({ RUNSMITH_PWSH: pretender });
    assert.equal(finding("powershell")?.state, "note");
    assert.match(finding("powershell")?.detail ?? "", /does not tell its version/);
    assert.match(finding("powershell")?.remedy ?? "", /7\.4 or later/);
  });
});
