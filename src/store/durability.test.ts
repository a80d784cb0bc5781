import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import test from "node:test";
import { openStore } from "./open-store.ts";
import { temporaryDirectory, temporaryStore } from "./testing/temporary-store.ts";

/** Starts a process that opens the store and then runs `body` (JavaScript; `store` is open); its lines are what it says. */
function startProcess(
  t: TestContext,
  dataDirectory: string,
  body: string,
): { child: ChildProcess; lines: AsyncIterator<string> } {
  const program = `
    import { openStore } from ${JSON.stringify(new URL("./open-store.ts", import.meta.url).href)};
    try {
      const store = await openStore({ dataDirectory: ${JSON.stringify(dataDirectory)} });
      ${body}
    } catch (error) { console.log("error " + error.code); process.exitCode = 1; }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.stdout);
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

test("an acknowledged write survives SIGKILL of the process", async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const { child, lines } = startProcess(
    t,
    dataDirectory,
    `const { writeSync } = await import("node:fs");
     await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(async (writer) => {
       for (let i = 0; ; i += 1) {
         const name = writer + "-" + i;
         await store.write.createPrincipal({ kind: "user", name, roles: [] });
         writeSync(1, name + "\\n");
       }
     }));`,
  );
  const acknowledged: string[] = [];
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    acknowledged.push(line.value);
    if (acknowledged.length === 400) {
      child.kill("SIGKILL");
    }
  }
  const store = await openStore({ dataDirectory });
  t.after(() => store.close());
  assert.ok(acknowledged.length >= 400);
  const found = await Promise.all(acknowledged.map((name) => store.read.principalByName({ kind: "user", name })));
  assert.deepEqual(
    found.map((principal) => principal?.name),
    acknowledged,
  );
});

test("a second server is refused while the first lives, and let in when the first was killed", async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const { child, lines } = startProcess(t, dataDirectory, `console.log("open"); setInterval(() => {}, 1000);`);
  assert.equal((await lines.next()).value, "open");
  await assert.rejects(openStore({ dataDirectory }), {
    name: "UserError",
    code: "data-directory-in-use",
    message: new RegExp(`process ${child.pid}`),
  });
  child.kill("SIGKILL");
  await once(child, "exit");
  const store = await openStore({ dataDirectory });
  const second = startProcess(t, dataDirectory, `console.log("open");`);
  assert.equal((await second.lines.next()).value, "error data-directory-in-use");
  await assert.rejects(openStore({ dataDirectory }), { code: "data-directory-in-use" });
  await store.close();
  const third = await openStore({ dataDirectory });
  await third.close();
});

test("a commit waits for the disk", async (t) => {
  const store = await temporaryStore(t);
  assert.partialDeepStrictEqual(store.database, { kind: "sqlite", durability: "FULL" });
});

test("what was asked for before closing is done, what is asked for afterwards is refused", async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const store = await openStore({ dataDirectory });
  const writes = ["a", "b", "c"].map((name) => store.write.createPrincipal({ kind: "user", name, roles: [] }));
  const closed = store.close();
  await Promise.all(writes);
  await closed;
  await store.close();
  await assert.rejects(store.write.createPrincipal({ kind: "user", name: "d", roles: [] }), /store is closed/);
  await assert.rejects(store.read.installation(), /store is closed/);
  const again = await openStore({ dataDirectory });
  t.after(() => again.close());
  assert.notEqual(await again.read.principalByName({ kind: "user", name: "c" }), null);
});

test("a data directory that cannot be made is refused, and at once, where the parent is there", async () => {
  await assert.rejects(openStore({ dataDirectory: "/proc/runsmith/data" }), { code: "data-directory-unusable" });
});
