import assert from "node:assert/strict";
import { test } from "node:test";
import { readableChain } from "./child-versions.ts";

test("a chain of runbooks names those only that its reader may read", async () => {
  const links = [
    { name: "Own", runbookId: null },
    { name: "Hidden", runbookId: "hidden" },
    { name: "Shared", runbookId: "shared" },
  ];
  const chain = await readableChain(links, async (runbookId) => runbookId === "shared");
  assert.deepEqual(chain, ["Own", "a runbook that you may not read", "Shared"]);
});
