import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { DatabaseError } from "../database-error.ts";
import { fromThreadError, toThreadError } from "./thread-error.ts";

test("what the database refuses is told from what else fails on its way between threads, and whether its values are why", () => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE counts (count INTEGER NOT NULL CHECK (count < 10)) STRICT");
  const insert = (value: unknown) => database.prepare("INSERT INTO counts (count) VALUES (?)").run(value as number);
  const told = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      const known = fromThreadError(toThreadError(error), "test");
      return known instanceof DatabaseError ? known.refusesValues : known.name;
    }
    return undefined;
  };
  assert.deepEqual(
    [1.5, 10, null].map((value) => told(() => insert(value))),
    [true, true, true],
  );
  assert.equal(
    told(() => database.prepare("SELECT * FROM missing").all()),
    false,
  );
  assert.equal(
    told(() => insert(Symbol("no value"))),
    "TypeError",
  );
  database.close();
});
