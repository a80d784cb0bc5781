import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { skipUnless } from "../support/requires.ts";
import { runFaults } from "./faults/run-faults.ts";

describe("a storm of kills", skipUnless("bubblewrap"), () => {
  test("loses no accepted job, no record and no place, and leaves no process (a sample of the campaign)", async () => {
    const jobs = 50;
    const { violations, ends } = await runFaults({ jobs, kills: 7, seed: 51, pause: 8_000, store: "sqlite" });
    assert.deepEqual(Object.fromEntries(Object.entries(violations).filter(([, found]) => found.length > 0)), {});
    assert.equal(
      Object.values(ends).reduce((sum, count) => sum + count, 0),
      jobs,
    );
  });

  test("loses nothing with two services over SQL Server either", skipUnless("mssql"), async () => {
    const { violations } = await runFaults({ jobs: 60, kills: 9, seed: 52, pause: 8_000, store: "mssql" });
    assert.deepEqual(Object.fromEntries(Object.entries(violations).filter(([, found]) => found.length > 0)), {});
  });
});
