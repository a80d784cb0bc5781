import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import test from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { temporaryDirectory, temporaryStore } from "../testing/temporary-store.ts";
import { dataFile } from "./data-directory.ts";
import { GroupCommit, largestGroup } from "./group-commit.ts";
import { openWritingConnection } from "./open-connection.ts";
import { SqliteConnectionSession } from "./session.ts";
import type { OperationAnswer, OperationRequest } from "./thread-messages.ts";

/** A database of one table with operations to fill it, and to fail in every way that there is. */
function groupsOver(t: TestContext) {
  const database = openWritingConnection(dataFile(temporaryDirectory(t), "database"));
  t.after(() => database.close());
  database.exec("CREATE TABLE numbers (number INTEGER PRIMARY KEY, of INTEGER REFERENCES numbers, text TEXT)");
  const session = new SqliteConnectionSession(database);
  const groups = new GroupCommit(database, session, {
    add: (number: number) => session.run("INSERT INTO numbers (number) VALUES (?)", number),
    addAndThrow: (number: number) => {
      session.run("INSERT INTO numbers (number) VALUES (?)", number);
      throw new UserError("refused", "It was refused.", { status: 409, remedy: "Do not." });
    },
    breakCommit: (number: number) => {
      session.run("PRAGMA defer_foreign_keys = ON");
      session.run("INSERT INTO numbers (number, of) VALUES (?, 999999)", number);
    },
    fill: (number: number) =>
      session.run("INSERT INTO numbers (number, text) VALUES (?, ?)", number, "x".repeat(100_000)),
  });
  let id = 0;
  const run = (...calls: [operation: string, argument: number][]) => {
    const waiting: OperationRequest[] = calls.map(([operation, argument]) => ({ id: ++id, operation, argument }));
    const group = groups.commitNext(waiting);
    return { ...group, left: waiting.length, outcomes: group.answers.map(outcome) };
  };
  const stored = () =>
    session.all<{ number: number }>("SELECT number FROM numbers ORDER BY 1").map(({ number }) => number);
  return { run, stored, session, database };
}

function outcome(answer: OperationAnswer): unknown {
  return "value" in answer ? answer.value : answer.error.type === "user" ? answer.error.code : answer.error.message;
}

test("one failing operation does not fail its neighbours, wherever in the group it stands", (t) => {
  const { run, stored } = groupsOver(t);
  const { outcomes, committed } = run(
    ["addAndThrow", 1],
    ["add", 2],
    ["addAndThrow", 3],
    ["add", 4],
    ["add", 2],
    ["nothing", 5],
    ["add", 6],
    ["addAndThrow", 7],
  );
  assert.deepEqual(outcomes, [
    "refused",
    1,
    "refused",
    1,
    "UNIQUE constraint failed: numbers.number",
    "The store has no write operation nothing.",
    1,
    "refused",
  ]);
  assert.equal(committed, 3);
  assert.deepEqual(stored(), [2, 4, 6]);
});

test("when the commit fails, every operation of the group is told so, and the next group is stored", (t) => {
  const { run, stored } = groupsOver(t);
  const broken = run(["add", 1], ["breakCommit", 2], ["add", 3]);
  assert.deepEqual(broken.outcomes, Array(3).fill("FOREIGN KEY constraint failed"));
  assert.equal(broken.committed, 0);
  assert.deepEqual(stored(), []);
  assert.deepEqual(run(["add", 4]).outcomes, [1]);
  assert.deepEqual(stored(), [4]);
});

test("a full disk is told as such, and the store goes on when there is room again", (t) => {
  const { run, stored, session } = groupsOver(t);
  const pages = Object.values(session.first<Record<string, number>>("PRAGMA page_count") ?? {})[0] ?? 0;
  session.all(`PRAGMA max_page_count = ${pages + 10}`);
  const full = run(["add", 1], ["fill", 2], ["add", 3]);
  assert.equal(full.outcomes[1] ?? full.outcomes[0], "storage-full");
  const stopped = run(["fill", 4]);
  assert.deepEqual(stopped.outcomes, ["storage-full"]);
  session.all("PRAGMA max_page_count = 100000");
  assert.deepEqual(run(["fill", 5]).outcomes, [1]);
  // Whatever was answered with success is there, and nothing else.
  const succeeded = full.answers.flatMap((answer, index) => ("value" in answer ? [[1, 2, 3][index]] : []));
  assert.deepEqual(stored(), [...succeeded, 5]);
});

test("a group has an end, however much waits", (t) => {
  const { run } = groupsOver(t);
  const calls = Array.from({ length: largestGroup * 2 }, (_, index): [string, number] => ["add", index]);
  const { answers, left } = run(...calls);
  assert.ok(answers.length <= largestGroup);
  assert.equal(answers.length + left, calls.length);
});

test("many writers share their commits", async (t) => {
  const store = await temporaryStore(t);
  const before = store.statistics();
  await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      store.write.createPrincipal({ kind: "user", name: `user ${index}`, roles: [] }),
    ),
  );
  const after = store.statistics();
  assert.equal(after.writes - before.writes, 200);
  assert.ok(after.commits - before.commits <= 100, `${after.commits - before.commits} commits`);
  assert.equal(after.pendingWrites, 0);
});

test("writes of one turn run in their order", async (t) => {
  const store = await temporaryStore(t);
  const first = store.write.createPrincipal({ kind: "user", name: "same", roles: ["first"] });
  const second = store.write.createPrincipal({ kind: "user", name: "same", roles: ["second"] });
  await assert.rejects(second, { name: "UserError", code: "principal-exists", status: 409, remedy: /another name/ });
  await first;
  assert.deepEqual((await store.read.principalByName({ kind: "user", name: "same" }))?.roles, ["first"]);
});

test("a reader in the middle of its work does not keep the writer waiting, and sees one state", async (t) => {
  const store = await temporaryStore(t);
  assert.ok(store.database.kind === "sqlite");
  const reader = new DatabaseSync(store.database.file, { readOnly: true });
  t.after(() => reader.close());
  const count = () => (reader.prepare("SELECT count(*) AS n FROM principals").get() as { n: number }).n;
  reader.exec("BEGIN");
  assert.equal(count(), 0);
  for (let index = 0; index < 50; index += 1) {
    await store.write.createPrincipal({ kind: "user", name: `user ${index}`, roles: [] });
  }
  assert.equal(count(), 0);
  reader.exec("COMMIT");
  assert.equal(count(), 50);
});

test("an argument or a result that cannot be sent fails its own operation only", async (t) => {
  const store = await temporaryStore(t);
  const unsendable = { kind: "user", name: "a", roles: [() => 1] } as never;
  const results = await Promise.allSettled([
    store.write.createPrincipal({ kind: "user", name: "b", roles: [] }),
    store.write.createPrincipal(unsendable),
    store.write.createPrincipal({ kind: "user", name: "c", roles: [] }),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});

test("the log does not grow for ever under load", async (t) => {
  const store = await temporaryStore(t);
  const text = "x".repeat(50_000);
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.write.createPrincipal({ kind: "user", name: `user ${round} ${index}`, roles: [text] }),
      ),
    );
  }
  // 40 MB were written.
  assert.ok(store.statistics().logBytes < 24 * 1024 * 1024, `${store.statistics().logBytes} bytes`);
});
