import type { WorkerAdmission } from "../../contract/api/worker.ts";
import { bytesToId } from "../id-bytes.ts";
import type { LeaseDurations, WorkerWrites } from "../operations/workers.ts";
import { effectsOf, releasedAtOnce } from "./jobs-effects.ts";
import { rowsOf } from "./procedure-rows.ts";
import type { MssqlSession } from "./session.ts";
import type { TableValue } from "./sql-values.ts";
import { bigint, int, TableType } from "./sql-values.ts";

const workerRenewals = new TableType("runsmith.WorkerRenewals", {
  worker_id: "binary(16)",
  instance_id: "nvarchar",
  vitals: "nvarchar",
});

const groupLeaseDurations = new TableType("runsmith.GroupLeases", {
  worker_group: "nvarchar",
  lease_duration: "bigint",
});

/** Milliseconds of a group's leases where the database says nothing of them. */
export function givenLease({ byGroup, usual }: LeaseDurations, group: string): number {
  const name = group.toLowerCase();
  return (Object.hasOwn(byGroup, name) ? byGroup[name] : undefined) ?? usual;
}

/** What a service was told of the leases of groups. */
function groupLeases({ byGroup }: LeaseDurations): TableValue {
  return groupLeaseDurations.of(
    Object.entries(byGroup).map(([worker_group, lease_duration]) => ({ worker_group, lease_duration })),
  );
}

/** See `WorkerWrites.renewLeases`. */
export async function renewLeases(
  session: MssqlSession,
  { workers, leases, atLeast = 0 }: Parameters<WorkerWrites["renewLeases"]>[0],
): Promise<ReturnType<WorkerWrites["renewLeases"]>> {
  const byId = new Map(workers.map((worker) => [worker.workerId, worker]));
  const result = await session.execute("runsmith.RenewWorkerLeases", {
    renewals: workerRenewals.of(
      [...byId.values()].map(({ workerId, instanceId, vitals }) => ({
        worker_id: workerId,
        instance_id: instanceId,
        vitals: vitals === undefined ? null : JSON.stringify(vitals),
      })),
    ),
    group_leases: groupLeases(leases),
    usual_lease: bigint(leases.usual),
    at_least: bigint(atLeast),
  });
  const [time] = rowsOf<{ now: number; longest_lease: number }>(result, "time");
  const renewed = rowsOf<{
    worker_id: Uint8Array;
    worker_group: string;
    tags: string;
    admission: WorkerAdmission;
    lease_duration: number;
  }>(result, "renewed");
  if (time === undefined) {
    throw new Error("The database did not tell its time.");
  }
  return {
    serviceTime: time.now,
    renewed: renewed.map((row) => ({
      workerId: bytesToId(row.worker_id),
      group: row.worker_group,
      tags: JSON.parse(row.tags) as string[],
      admission: row.admission,
      leaseDuration: row.lease_duration,
    })),
    longestLease: time.longest_lease,
  };
}

/** See `WorkerWrites.expireLeases`. */
export async function expireLeases(session: MssqlSession): Promise<ReturnType<WorkerWrites["expireLeases"]>> {
  const result = await session.execute("runsmith.ReclaimExpired", { release_limit: int(releasedAtOnce) });
  const lost = (
    result.recordsets.flat() as unknown as { effect: string; worker_id: Uint8Array; name: string }[]
  ).filter(({ effect }) => effect === "lost");
  return {
    lost: lost.map((row) => ({ workerId: bytesToId(row.worker_id), name: row.name })),
    effects: effectsOf(result),
  };
}
