import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { checkedRunbookName } from "./runbook-name.ts";

test("names of runbooks hold letters of any script, digits, spaces and _ . -", () => {
  for (const name of ["a", "Restart-Service", "disk space", "v1.2_final", "Prüfung", "日本語", "x".repeat(64)]) {
    assert.equal(checkedRunbookName(name), name);
  }
});

test("names that look alike are one name", () => {
  assert.equal(checkedRunbookName("Pru\u0308fung"), "Prüfung");
});

test("a refused name says what is wrong with it", () => {
  for (const [name, fault] of [
    ["", /is empty/],
    ["a/b", /parts of a path/],
    ["x".repeat(65), /more than 64/],
    ["a..b", /two dots/],
    ["a.", /ends with a dot/],
    ["-a", /start with a letter/],
    ["a:b", /holds the character ":"/],
    ["com1.x", /reserved/],
  ] as const) {
    assert.throws(
      () => checkedRunbookName(name),
      (error) => error instanceof UserError && fault.test(error.message),
    );
  }
});
