import assert from "node:assert/strict";
import { test } from "node:test";
import type { Signature } from "../../src/contract/signature.ts";
import { emptySignature } from "../../src/contract/signature.ts";
import { checkedParameters } from "./check-parameters.ts";

const signature: Signature = {
  ...emptySignature,
  properties: { Level: { type: "integer", maximum: 5 }, Mode: { enum: ["fast", "safe"] } },
  required: ["Level"],
};

test("run says of wrong parameters what the service says", async () => {
  await assert.rejects(checkedParameters(signature, "TypeScript", { Mode: "slow", level: 1 }), {
    code: "invalid-parameters",
    message: "3 things are wrong with the parameters for the script; nothing was started.",
    errors: [
      { pointer: "/parameters/Level", message: "is required" },
      { pointer: "/parameters/level", message: "is not a parameter of this runbook" },
      { pointer: "/parameters/Mode", message: 'must be one of "fast", "safe"' },
    ],
    remedy: "It takes Level, Mode: -p name=value.",
  });
});

test("run finds parameters of PowerShell whatever their case, as the service does", async () => {
  assert.deepEqual(await checkedParameters(signature, "PowerShell", { level: 1 }), { Level: 1 });
});
