import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { it } from "node:test";
import { buildPwshHost } from "./build-pwsh-host.ts";
import { findPwsh } from "./find-pwsh.ts";
import { skip } from "./testing/pwsh-host-run.ts";

it("two workers that build the host at once get the same complete files, which every account may read", {
  skip,
}, async (t) => {
  const pwsh = await findPwsh();
  assert.ok(!("missing" in pwsh));
  const folder = await mkdtemp(path.join(tmpdir(), "runsmith-pwsh-build-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [one, other] = await Promise.all([buildPwshHost(pwsh, folder), buildPwshHost(pwsh, folder)]);
  assert.deepEqual(one, other);
  assert.deepEqual(await readdir(folder), [path.basename(one.folder)], "nothing unfinished is left");
  assert.equal((await stat(one.folder)).mode & 0o777, 0o755);
  for (const name of await readdir(one.folder)) {
    assert.equal((await stat(path.join(one.folder, name))).mode & 0o777, 0o644);
  }
  const before = await stat(one.library);
  await buildPwshHost(pwsh, folder);
  assert.equal((await stat(one.library)).mtimeMs, before.mtimeMs, "what is built is not built again");
});
