import assert from "node:assert/strict";
import { test } from "node:test";
import { skip } from "../../worker/hosts/pwsh/testing/pwsh-host-run.ts";
import { nameOf, readConformanceScripts } from "./conformance/conformance-script.ts";
import { intendedDifferences } from "./conformance/differences.ts";
import { runConformance } from "./conformance/run-conformance.ts";

const sampleSize = 8;
const seed = 3;

test("a job prints what pwsh prints, on all streams, and ends as it does (a sample of the campaign)", {
  skip,
}, async () => {
  const all = await readConformanceScripts();
  const step = Math.ceil(all.length / sampleSize);
  const scripts = all.filter((_, index) => index % step === seed % step);
  const { differences, alikeAfterAll } = await runConformance({ scripts, concurrency: 2 });
  assert.deepEqual([differences, alikeAfterAll], [{}, []]);
});

test("every difference that is said to be on purpose is that of a script", async () => {
  const names = new Set((await readConformanceScripts()).map(nameOf));
  assert.deepEqual(
    Object.keys(intendedDifferences).filter((name) => !names.has(name)),
    [],
  );
});
