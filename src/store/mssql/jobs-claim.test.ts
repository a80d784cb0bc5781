import assert from "node:assert/strict";
import test from "node:test";
import { v7 as newId } from "uuid";
import { idToBytes } from "../id-bytes.ts";
import { JobClaims } from "./jobs-claim.ts";
import type { MssqlSession, StatementResult } from "./session.ts";
import { ConnectionLost, SqlError } from "./sql-errors.ts";

const placementId = newId();
const workerId = newId();
const jobId = newId();

const request = {
  queues: [{ placementId, hostKind: "node" as const }],
  offers: [{ workerId, instanceId: "instance", slots: 1, kindSlots: { node: 1 }, placementIds: [placementId] }],
  limit: 1,
};

const rows = (...recordset: Record<string, unknown>[]): StatementResult => ({
  recordsets: [recordset],
  rowsAffected: [],
  returnValue: 0,
});

const claimed = rows({
  ...{ kind: "claimed", job_id: idToBytes(jobId), attempt: 1, worker_id: idToBytes(workerId) },
  ...{ placement_id: idToBytes(placementId), host_kind: "node", runbook_id: idToBytes(newId()), runbook_name: "hello" },
  ...{ runbook_kind: "TypeScript", version_id: idToBytes(newId()), parameters: "{}", log_switches: 0, grants: "[]" },
  ...{ time_limit: null, stop_grace: 0, output_limit: 0, isolation: "job", host_reuse: "never", starter_id: null },
  claimed_at: 1,
});

/** A server that answers a claim with an error, and knows of it what `found` says. */
function claims(error: Error, found: StatementResult) {
  const calls: string[] = [];
  const session: Pick<MssqlSession, "execute"> = {
    execute: async (procedure) => {
      calls.push(procedure);
      switch (procedure) {
        case "runsmith.ReadClaimable":
          return rows(
            { kind: "time", now: 1 },
            { kind: "worker", worker_id: idToBytes(workerId), sandbox: null },
            { kind: "head", placement_id: idToBytes(placementId), job_id: idToBytes(jobId), rank: 0, lag: 0 },
          );
        case "runsmith.ClaimJobs":
          throw error;
        default:
          return found;
      }
    },
  };
  return { claims: new JobClaims(session as MssqlSession), calls };
}

const deadlock = new SqlError(1205, "chosen as the victim", "ClaimJobs");

test("a claim that was committed before an error is looked up, not made again", async () => {
  for (const error of [deadlock, new ConnectionLost("unknown", "broken")]) {
    const [claim] = await claims(error, claimed).claims.claim([request]);
    assert.deepEqual(
      claim?.claimed.map((job) => job.jobId),
      [jobId],
      error.message,
    );
  }
});

test("a claim that was not done for a deadlock fails with it, so that it is made again", async () => {
  await assert.rejects(claims(deadlock, rows()).claims.claim([request]), deadlock);
});

test("a claim that was never sent is not looked up", async () => {
  const never = new ConnectionLost("no", "no connection");
  const failing = claims(never, claimed);
  await assert.rejects(failing.claims.claim([request]), never);
  assert.deepEqual(failing.calls, ["runsmith.ReadClaimable", "runsmith.ClaimJobs"]);
});
