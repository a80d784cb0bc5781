import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import {
  findNeedsInDocComment,
  findNeedsInPowerShell,
  formatGrants,
  missingGrants,
  parseGrants,
  readStatedNeeds,
} from "./needs.ts";

test("grants are read in their written form and written back the same", () => {
  const text = 'network path:/var/log:rw path:/etc processes socket:/run/systemd/private "path:/srv/my data:rw"';
  const grants = parseGrants(text);
  assert.deepEqual(grants, [
    { type: "network" },
    { type: "path", path: "/var/log", access: "write" },
    { type: "path", path: "/etc", access: "read" },
    { type: "processes" },
    { type: "socket", path: "/run/systemd/private" },
    { type: "path", path: "/srv/my data", access: "write" },
  ]);
  assert.equal(formatGrants(grants), text);
  for (const odd of ["path:/x:r:r", '"path:/a \\"b\\""', "path:/"]) assert.equal(formatGrants(parseGrants(odd)), odd);
});

test("doubled grants become one, and writing wins over reading", () => {
  assert.equal(formatGrants(parseGrants("path:/a path:/a/:rw network, network")), "path:/a:rw network");
  assert.deepEqual(parseGrants(" \n "), []);
});

test("what is not a grant is refused with what to write", () => {
  for (const text of ["netwrok", "path:relative", "path:/a/../b", "socket:", "path:", "path:/a\0b", "path:/a:rx/."]) {
    assert.throws(
      () => parseGrants(text),
      (error) => error instanceof UserError && error.code === "invalid-grant" && error.remedy !== undefined,
      text,
    );
  }
  assert.throws(() => parseGrants(Array.from({ length: 65 }, (_, index) => `path:/${index}`).join(" ")), /too many/);
});

test("a granted folder covers what is below it, reading does not cover writing", () => {
  const missing = (needs: string, grants: string) =>
    formatGrants(missingGrants(parseGrants(needs), parseGrants(grants)));
  assert.equal(missing("network path:/var/log/app", "path:/var/log"), "network");
  assert.equal(missing("path:/var/log:rw", "path:/var/log"), "path:/var/log:rw");
  assert.equal(missing("path:/var/log", "path:/var/log:rw"), "");
  assert.equal(missing("path:/var/logs", "path:/var/log"), "path:/var/logs");
  assert.equal(missing("path:/etc", "path:/"), "");
  assert.equal(missing("socket:/run/a processes", "socket:/run/b processes"), "socket:/run/a");
});

test("needs are found in doc comments and in PowerShell comments", () => {
  const comment = "/**\n * Rotates logs.\n * @needs path:/var/log:rw network\n * @needs processes */";
  const stated = findNeedsInDocComment(comment);
  assert.deepEqual(
    stated.map((need) => need.text),
    ["path:/var/log:rw network", "processes"],
  );
  assert.ok(stated.every((need) => comment.startsWith(need.text, need.offset)));
  assert.deepEqual(findNeedsInDocComment("/** mail me@needs network, or see the needs @needsmore */"), []);

  const script =
    "#Requires -Version 7\r\n#Needs network\r\n  #needs path:/tmp/x:rw\r\n# Needs more love\r\n$x = 1 #Needs processes\r\n";
  assert.deepEqual(
    findNeedsInPowerShell(script).map((need) => need.text),
    ["network", "path:/tmp/x:rw"],
  );
});

test("a need that cannot be read is a problem at its own line and column", () => {
  const script = "#Needs network\n#Needs  file:/x\n#Needs\n";
  const { needs, problems } = readStatedNeeds(script, findNeedsInPowerShell(script));
  assert.deepEqual(needs, ["network"]);
  assert.deepEqual(
    problems.map(({ line, column, severity, code }) => ({ line, column, severity, code })),
    [
      { line: 2, column: 9, severity: "error", code: "invalid-needs" },
      { line: 3, column: 7, severity: "error", code: "invalid-needs" },
    ],
  );
});
