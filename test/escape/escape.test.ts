import assert from "node:assert/strict";
import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Grant } from "../../src/contract/grant.ts";
import { skipUnless } from "../support/requires.ts";
import { EscapeGround } from "./escape-ground.ts";
import { listFolder, lookAround } from "./scripts.ts";

/** All that a worker gives; it refuses to give the whole machine for writing. */
const most: Grant[] = [{ type: "network" }, { type: "processes" }, { type: "path", path: "/", access: "read" }];

describe("a script that tries to escape", skipUnless("bubblewrap", "root"), () => {
  let ground: EscapeGround;
  before(async () => {
    ground = await EscapeGround.start();
  });
  after(() => ground?.[Symbol.asyncDispose]());

  test("tries what would succeed outside of a sandbox", () => ground.assertSoundAttempts());

  test("gets nowhere in TypeScript", () => ground.assertNoEscape("TypeScript", []));

  test("gets no further than its granted folders, and no token with the network granted", async () => {
    const folders = [ground.grantedForWriting, ground.grantedForReading];
    await ground.assertNoEscape("TypeScript", [{ type: "network" }, ...folders]);
  });

  test("sees processes where that is granted, and nothing in them", async () => {
    await ground.assertNoEscape("TypeScript", [{ type: "processes" }]);
  });

  test("gets at nothing of Runsmith's with everything granted", () =>
    ground.assertNoEscape("TypeScript", [...most, ground.grantedForWriting]));

  test("gets nowhere in PowerShell", skipUnless("pwsh"), () => ground.assertNoEscape("PowerShell", []));

  test("gets at nothing of Runsmith's with everything granted, in PowerShell either", skipUnless("pwsh"), () =>
    ground.assertNoEscape("PowerShell", [...most, ground.grantedForWriting]),
  );

  test("gets nowhere in a host that is reused, and leaves nothing there for the next job", async () => {
    await ground.assertNoEscape("TypeScript", [], { isolation: "runbook" });
    const { client } = ground.installation;
    await client.import("look-around", "TypeScript", lookAround, { isolation: "runbook" });
    const before = await client.ended((await client.start("look-around")).jobId);
    await ground.assertNoEscape("TypeScript", [], { isolation: "runbook" });
    const after = await client.ended((await client.start("look-around")).jobId);
    assert.equal(before.status, "Completed", before.statusReason ?? "");
    assert.deepEqual(after.result, before.result);
  });

  test("cannot lead the grant of another runbook astray by a link in its place", async () => {
    const { client } = ground.installation;
    const { granted, dataDirectory } = ground.targets;
    const folder = join(granted, "inner");
    await mkdir(folder);
    const grants: Grant[] = [{ type: "path", path: folder, access: "write" }];
    await client.import("list-folder", "TypeScript", listFolder, { grants });
    const before = await client.ended((await client.start("list-folder", { folder })).jobId);
    assert.equal(before.status, "Completed", before.statusReason ?? "");
    // What a script that may write into the outer folder can do.
    await rename(folder, join(granted, "moved"));
    await symlink(dataDirectory, folder);
    const { jobId } = await client.start("list-folder", { folder });
    const job = await client.ended(jobId);
    assert.deepEqual(await client.records(jobId, "Output"), []);
    assert.ok(
      job.status === "Completed" || /grant/i.test(JSON.stringify([job.statusReason, job.exception])),
      job.status,
    );
  });
});
