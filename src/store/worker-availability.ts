import type { HostKindOffer } from "../contract/link/control-frames.ts";
import type { HostKind } from "../contract/runbook-kind.ts";
import { bytesToId } from "./id-bytes.ts";
import type { WorkerAvailability } from "./operations/dispatch.ts";

/** Columns of `workers`; times in milliseconds. */
export interface AvailabilityRow {
  worker_id: Uint8Array;
  name: string;
  worker_group: string;
  tags: string;
  host_kinds: string;
  slots: number;
  status: string;
  admission: string;
  lease_duration: number | null;
  lease_expires_at: number | null;
  last_seen_at: number | null;
  unavailable_since: number | null;
  created_at: number;
}

/** How many open jobs of a kind a worker has. */
export interface RunningRow {
  worker_id: Uint8Array;
  host_kind: HostKind;
  jobs: number;
}

/** Whether workers can take jobs at a time (milliseconds), and what they have. */
export function availabilityOf(
  workers: readonly AvailabilityRow[],
  counts: readonly RunningRow[],
  now: number,
): WorkerAvailability[] {
  const running = new Map<string, Partial<Record<HostKind, number>>>();
  for (const { worker_id, host_kind, jobs } of counts) {
    const workerId = bytesToId(worker_id);
    running.set(workerId, { ...running.get(workerId), [host_kind]: jobs });
  }
  return workers.map((row) => {
    const workerId = bytesToId(row.worker_id);
    const connected = ["connected", "draining"].includes(row.status) && (row.lease_expires_at ?? 0) > now;
    const available = connected && row.status === "connected" && row.admission === "open";
    return {
      workerId,
      name: row.name,
      group: row.worker_group,
      tags: JSON.parse(row.tags) as string[],
      hostKinds: JSON.parse(row.host_kinds) as HostKindOffer[],
      slots: row.slots,
      connected,
      available,
      responsive: (row.last_seen_at ?? 0) + (row.lease_duration ?? 0) / 2 >= now,
      unavailableSince: available ? null : (row.unavailable_since ?? row.last_seen_at ?? row.created_at),
      running: running.get(workerId) ?? {},
    };
  });
}
