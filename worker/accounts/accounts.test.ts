import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { skipUnless } from "../../test/support/requires.ts";
import { chooseSandbox } from "../sandbox/choose-sandbox.ts";
import { inProcessSpawner } from "../spawning/in-process-spawner.ts";
import { accountMay } from "./account-may.ts";
import { reserveAccounts } from "./reserved-accounts.ts";
import { firstClosedFolder, openRuntimeFiles, prepareRuntimeFolder } from "./runtime-folder.ts";

describe("reserved accounts", () => {
  it("are never shared, neither by two hosts nor by two workers of the machine", async () => {
    const range = { first: 61_000, last: 61_149 };
    const [one, two] = [await reserveAccounts(range, 50), await reserveAccounts(range, 50)];
    try {
      const taken = Array.from({ length: 50 }, () => [one.acquire(), two.acquire()]).flat();
      assert.equal(new Set(taken.map((account) => account?.userId)).size, 100);
      assert.deepEqual(new Set(taken.map((account) => account?.groupId)), new Set([61_000]));
      assert.throws(() => one.acquire(), /in use/);
      await assert.rejects(reserveAccounts(range, 51), /only 50 of the user ids 61000-61149 are free/);
      taken[0]?.release();
      taken[0]?.release();
      assert.equal(one.acquire()?.userId, taken[0]?.userId);
      assert.throws(() => one.acquire(), /in use/);
    } finally {
      one.close();
      two.close();
    }
    (await reserveAccounts(range, 150)).close();
  });

  it("are asked of the kernel what they may do", skipUnless("root"), async () => {
    const folder = mkdtempSync(join(tmpdir(), "runsmith-accounts-test-"));
    const account = { userId: 61_001, groupId: 61_000, release() {} };
    try {
      chmodSync(folder, 0o755);
      assert.deepEqual(
        [await accountMay("read", folder, account), await accountMay("write", folder, account)],
        [true, false],
      );
      chmodSync(folder, 0o700);
      assert.equal(await accountMay("read", folder, account), false);
      assert.equal(await accountMay("write", folder, null), true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("what an account may do", () => {
  it("is never taken for nothing because it could not be found out", skipUnless("root"), async () => {
    // No number of an account: setpriv refuses to become it.
    const account = { userId: Number.NaN, groupId: 61_000, release() {} };
    await assert.rejects(accountMay("read", "/", account));
    await assert.rejects(accountMay("read", `/${"x".repeat(5000)}`, null));
    const accounts = { acquire: () => account, close() {} };
    const choice = { trustEveryRunbook: false, protectedPaths: ["/"], unchangeablePaths: [], runtimeDirectory: "/" };
    await assert.rejects(chooseSandbox({ sandbox: "none", ...choice }, accounts, inProcessSpawner), {
      code: "sandbox-none-refused",
      message: /cannot be found out/,
    });
  });
});

describe("the runtime folder", () => {
  it("is open to every account, whatever the umask of the worker is", async () => {
    const folder = mkdtempSync(join(tmpdir(), "runsmith-runtime-test-"));
    chmodSync(folder, 0o755);
    const former = process.umask(0o077);
    try {
      const runtime = join(folder, "a", "runtime");
      await prepareRuntimeFolder(runtime);
      mkdirSync(join(runtime, "program"));
      const file = join(runtime, "program", "file");
      writeFileSync(file, "", { mode: 0o700 });
      await openRuntimeFiles(runtime, [file]);
      for (const path of [join(folder, "a"), runtime, join(runtime, "program"), file]) {
        assert.equal(statSync(path).mode & 0o777, 0o755, path);
      }
      assert.equal(await firstClosedFolder([file]), null);
      chmodSync(join(runtime, "program"), 0o700);
      assert.equal(await firstClosedFolder([file]), join(runtime, "program"));
    } finally {
      process.umask(former);
      rmSync(folder, { recursive: true });
    }
  });
});
