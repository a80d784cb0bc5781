import assert from "node:assert/strict";
import { test } from "node:test";
import { parameterText } from "./parameter-text.ts";

test("a parameter is shown with its choices, its range, and all else that a value must keep to", () => {
  const shown = (schema: Parameters<typeof parameterText>[1], required = false) => parameterText("P", schema, required);
  assert.equal(
    shown({ "x-type": "string", enum: ["fast", "safe"], default: "safe", description: "How\nit runs." }, true),
    'P: string = "safe" (required; one of "fast", "safe")  How it runs.',
  );
  assert.equal(shown({ "x-type": "int", minimum: 1, maximum: 99 }), "P: int (1 to 99)");
  assert.equal(shown({ "x-type": "int", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }), "P: int");
  assert.equal(shown({ type: "integer", minimum: 1, maximum: 2 ** 31 - 1 }), "P: integer (at least 1)");
  assert.equal(
    shown({ "x-type": "string[]", minItems: 1, items: { enum: ["a", "b"], maxLength: 8, pattern: "^[a-z]+$" } }),
    'P: string[] (at least 1 item; each one of "a", "b"; each at most 8 characters; each matches ^[a-z]+$)',
  );
  assert.equal(shown({ "x-type": '"a" | "b"', enum: ["a", "b"], "x-secret": true }), 'P: "a" | "b" (secret)');
});

test("a parameter that names a credential says so", () => {
  const named = { type: "string", minLength: 1, maxLength: 128, "x-asset": "credential" } as const;
  assert.equal(
    parameterText("login", { ...named, "x-type": "Credential" }, true),
    "login: Credential (required; the name of a credential)",
  );
  assert.equal(
    parameterText("Logins", { type: "array", items: named, "x-type": "pscredential[]" }, false),
    "Logins: pscredential[] (each the name of a credential)",
  );
});
