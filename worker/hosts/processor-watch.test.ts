import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ProcessorWatch } from "./processor-watch.ts";

test("processors are scarce while programs use all of their time, and not before anything was measured", async (t) => {
  const watch = new ProcessorWatch();
  assert.equal(watch.areScarce, false);
  const burners = Array.from({ length: 2 * availableParallelism() }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
  );
  t.after(() => {
    for (const burner of burners) burner.kill("SIGKILL");
  });
  for (const until = Date.now() + 60_000; !watch.areScarce; await delay(110)) {
    assert.ok(Date.now() < until, "programs that do nothing but count leave processors idle");
  }
});
