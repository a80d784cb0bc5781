import assert from "node:assert/strict";
import { chmodSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { HostProcess } from "../hosts/host-process.ts";
import { SandboxProbe } from "../testing/sandbox-probe.ts";

const probe = new SandboxProbe();
after(() => probe.close());
chmodSync(probe.folder, 0o755);
for (const name of ["granted", "other"]) mkdirSync(join(probe.folder, name));

const saysReady = `echo '{"type":"ready","version":"1"}' >&4; sleep 60`;

async function hostOf(path: string, meanwhile: () => void): Promise<HostProcess> {
  const grants = await probe.prepare([{ type: "path", path: join(probe.folder, path), access: "read" }]);
  meanwhile();
  const profile = { kind: "node", grants, key: "", warnings: [] } as const;
  return new HostProcess(await probe.startPrepared(saysReady, grants), null, profile);
}

test("a host gets no script when another folder took the place of a granted one while it started", async () => {
  const unchanged = await hostOf("granted", () => {});
  await unchanged.ready;
  unchanged.kill();
  await unchanged.gone;
  const host = await hostOf("granted", () => {
    renameSync(join(probe.folder, "granted"), join(probe.folder, "moved"));
    symlinkSync(join(probe.folder, "other"), join(probe.folder, "granted"));
  });
  await assert.rejects(host.ready, { code: "grant-unusable", message: /Something else took the place of .*granted/ });
});
