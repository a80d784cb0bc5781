import assert from "node:assert/strict";
import { v7 as newId } from "uuid";
import type { Store } from "./store.ts";
import type { RunbookDraft } from "./testing/accept-jobs.ts";
import { addRunbook } from "./testing/accept-jobs.ts";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

const former = Buffer.from("what was sealed").toString("base64");

async function accept(store: Store, runbook: RunbookDraft, secretNames: string[]): Promise<string> {
  const jobId = newId();
  const parameters = {
    host: former,
    ...Object.fromEntries(secretNames.map((name) => [name, { sealed: `${former}x` }])),
  };
  await store.write.acceptJob({
    ...runbook,
    jobId,
    versionNumber: 1,
    draft: true,
    parameters,
    secretNames,
    startedBy: "tester",
    idempotency: null,
  });
  return jobId;
}

storeTest("jobs with secrets are gone through page by page, and their values replaced where they are", async (t) => {
  const store = await temporaryStore(t);
  const runbook = await addRunbook(store, "deploy");
  const ids: string[] = [];
  for (const names of [[], ["password"], [], ["key", "token"], []]) ids.push(await accept(store, runbook, names));
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<Store["read"]["jobsWithSecrets"]>> = await store.read.jobsWithSecrets({
      after,
      limit: 2,
    });
    for (const { jobId, secretNames } of page.jobs) seen.push(`${ids.indexOf(jobId)} ${secretNames.join()}`);
    after = page.next;
  } while (after !== null);
  assert.deepEqual(seen, ["1 password", "3 key,token"]);

  const [, jobId = ""] = ids;
  await store.write.rewrapJobParameters({ values: [{ jobId, former: `${former}x`, sealed: "new" }] });
  const retry = await store.read.jobToRetry({ jobId });
  assert.deepEqual(retry?.parameters, { host: former, password: { sealed: "new" } });
  assert.deepEqual(retry?.secretNames, ["password"]);
  const { jobs } = await store.read.jobsWithSecrets({ after: jobId, limit: 5 });
  assert.deepEqual(jobs[0]?.parameters["key"], { sealed: `${former}x` });
});
