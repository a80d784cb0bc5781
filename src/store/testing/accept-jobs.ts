import { writeSync } from "node:fs";
import { v7 as uuidv7 } from "uuid";
import { emptySignature } from "../../contract/signature.ts";
import { openStore } from "../open-store.ts";
import type { Store } from "../store.ts";

/* For tests only. */

/** Which text a job runs. */
export interface RunbookDraft {
  runbookId: string;
  versionId: string;
}

/** A runbook with a draft. */
export async function addRunbook(store: Store, name: string): Promise<RunbookDraft> {
  const executable = "export default () => 1";
  const { runbook } = await store.write.importRunbook({
    name,
    kind: "TypeScript",
    source: new TextEncoder().encode(executable),
    analysis: { signature: emptySignature, needs: [], problems: [], synopsis: "", executable },
    overwrite: false,
    settings: {},
    changedBy: "tester",
  });
  if (runbook.draft === null) throw new Error("There is no draft.");
  return { runbookId: runbook.runbookId, versionId: runbook.draft.versionId };
}

/**
 * Gives the id of an accepted job.
 * @param idTime milliseconds since the epoch: the time in its id, by the clock of the service that was asked for it
 */
export async function acceptJob(store: Store, runbook: RunbookDraft, idTime = Date.now()): Promise<string> {
  const jobId = uuidv7({ msecs: idTime });
  const { outcome } = await store.write.acceptJob({
    ...runbook,
    jobId,
    versionNumber: 1,
    draft: true,
    parameters: { text: "x".repeat(200) },
    secretNames: [],
    startedBy: "tester",
    idempotency: null,
  });
  if (outcome !== "accepted") throw new Error(`The job was not accepted: ${outcome}.`);
  return jobId;
}

/** Accepts jobs, eight at a time, and prints the id of each when it is acknowledged; until it is killed. */
export async function acceptForEver(dataDirectory: string): Promise<never> {
  const store = await openStore({ dataDirectory });
  const runbook = await addRunbook(store, "runbook");
  const acceptors = Array.from({ length: 8 }, async () => {
    for (;;) {
      const jobId = await acceptJob(store, runbook);
      // At once, or what is acknowledged would die in this process's buffers.
      writeSync(1, `${jobId}\n`);
    }
  });
  return await Promise.race(acceptors);
}
