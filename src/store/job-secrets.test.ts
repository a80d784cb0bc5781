import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

storeTest(
  "what a job was given is kept once, read by job and by pages, rewrapped, and purged when the job is gone",
  async (t) => {
    const store = await temporaryStore(t);
    const [jobId, otherId] = [newId(), newId()];
    const rows = [jobId, jobId, otherId].map((of, index) => ({
      secretId: newId(),
      jobId: of,
      sealed: new Uint8Array([index, 0, 255]),
    }));
    const [first, second, third] = rows;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    for (const row of [...rows, { ...first, sealed: new Uint8Array([9]) }]) {
      await store.write.addJobSecrets(row);
    }
    const ofJob = await store.read.jobSecrets({ jobId });
    assert.deepEqual(
      new Map(ofJob.map((row) => [row.secretId, row])),
      new Map([first, second].map((row) => [row.secretId, row])),
    );
    assert.deepEqual(await store.read.sealedJobSecrets({ after: null, limit: 2 }), [first, second]);
    assert.deepEqual(await store.read.sealedJobSecrets({ after: second.secretId, limit: 2 }), [third]);
    await store.write.rewrapJobSecrets({ rows: [{ secretId: third.secretId, sealed: new Uint8Array([7, 7]) }] });
    assert.deepEqual(await store.read.jobSecrets({ jobId: otherId }), [{ ...third, sealed: new Uint8Array([7, 7]) }]);
    const later = Date.now() + 1_000;
    assert.equal(await store.write.purgeJobSecrets({ limit: 2, unknownBefore: later - 60_000 }), 0);
    assert.equal(await store.write.purgeJobSecrets({ limit: 2, unknownBefore: later }), 2);
    assert.equal(await store.write.purgeJobSecrets({ limit: 2, unknownBefore: later }), 1);
    assert.equal(await store.write.purgeJobSecrets({ limit: 2, unknownBefore: later }), 0);
  },
);
