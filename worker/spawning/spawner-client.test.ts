import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { silentLogger } from "../../src/contract/logger.ts";
import { SpawnerClient } from "./spawner-client.ts";

describe("the process that starts hosts", () => {
  it("hands over all that a process wrote, however soon it ended", async () => {
    const spawner = await SpawnerClient.create(null, silentLogger);
    try {
      const outputs = await Promise.all(
        Array.from({ length: 40 }, async (_, index) => {
          const started = await spawner.spawn({
            command: ["/bin/sh", "-c", `echo out ${index}; echo error ${index} >&2; echo message ${index} >&4`],
            environment: {},
            workingDirectory: "/",
            become: null,
            fileMask: null,
            descriptorFile: null,
          });
          const read = Promise.all([text(started.stdout), text(started.stderr), text(started.output)]);
          const { code } = await started.exited;
          return [code, ...(await read)];
        }),
      );
      assert.deepEqual(
        outputs,
        Array.from({ length: 40 }, (_, index) => [0, `out ${index}\n`, `error ${index}\n`, `message ${index}\n`]),
      );
    } finally {
      spawner.close();
    }
  });
});
