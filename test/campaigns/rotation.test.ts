import assert from "node:assert/strict";
import { test } from "node:test";
import { findPwsh } from "../../worker/hosts/pwsh/find-pwsh.ts";
import { skipUnless } from "../support/requires.ts";
import { runRotation } from "./rotation/run-rotation.ts";

test("the master key is replaced under load, and by a service that is killed meanwhile, without a failed job (a sample of the campaign)", {
  ...skipUnless("bubblewrap"),
  timeout: 300_000,
}, async () => {
  const { violations, ended } = await runRotation({
    rotations: 2,
    kills: 1,
    jobsAtOnce: 2,
    kinds: "missing" in (await findPwsh()) ? ["TypeScript"] : ["TypeScript", "PowerShell"],
    random: () => 0.3,
  });
  assert.deepEqual(Object.fromEntries(Object.entries(violations).filter(([, found]) => found.length > 0)), {});
  assert.ok(Object.values(ended).every((count) => count > 0));
});
