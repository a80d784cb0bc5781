import { formatRunTarget } from "../contract/api/placement.ts";
import type { HostKind } from "../contract/runbook-kind.ts";
import type { StoredDispatchHold } from "../store/operations/dispatch.ts";
import type { StoredJob } from "../store/operations/jobs.ts";
import { parkedCounted } from "../store/operations/jobs.ts";
import type { DispatchView, KnownWorker } from "./dispatch-view.ts";
import type { ReadPlacement } from "./placement-rules.ts";
import { hasTags, offersKind, targetOf } from "./placement-rules.ts";

const hostKindNames: Readonly<Record<HostKind, string>> = { node: "TypeScript", pwsh: "PowerShell" };

/** Why a job is held by its runbook's concurrency rule; null when it is not. The same whenever it is asked. */
export function parkedReason(job: StoredJob): string | null {
  if (job.parkedBehind === null) {
    return null;
  }
  if (job.parkedBehind === 0) {
    return "waits to be let into the queue";
  }
  const many = job.parkedBehind >= parkedCounted ? " or more" : "";
  return job.parkedBehind === 1
    ? "waits for 1 running job of this runbook"
    : `waits for ${job.parkedBehind}${many} jobs of this runbook that are ahead of it`;
}

/** Why a job waits, as things stand now; null when nothing keeps it. */
export function waitingReason(job: StoredJob, view: DispatchView): string | null {
  const hold = view.runbookHold(job.runbookId) ?? view.holds.find(({ scope }) => scope === "all");
  if (hold !== undefined) {
    return heldReason(hold);
  }
  if (job.parkedBehind !== null) {
    return parkedReason(job);
  }
  const placement = view.placement(job.placementId);
  return placement === undefined ? "waits for a worker" : placementReason(placement, view);
}

function placementReason(placement: ReadPlacement, view: DispatchView): string {
  const named = view.connectedWorkers().filter(({ worker }) => targetOf(placement, worker) !== null);
  if (named.length === 0) {
    return notConnected(placement);
  }
  const kind = hostKindNames[placement.hostKind];
  const offering = named.filter(({ worker }) => offersKind(placement, worker));
  if (offering.length === 0) {
    return `no worker offers ${kind}${missingReasons(placement, named)}`;
  }
  const able = offering.filter(({ worker }) => hasTags(placement, worker));
  if (able.length === 0) {
    return `no worker that offers ${kind} has the tags ${placement.requiredTags.join(", ")}`;
  }
  const taking = able.filter(({ takesJobs }) => takesJobs);
  if (taking.length === 0) {
    const how = able.every(({ draining }) => draining) ? "shutting down" : "cordoned or shutting down";
    return `every worker that offers ${kind} is ${how}`;
  }
  const held = taking.map(({ worker }) => view.groupHold(worker.group));
  const [hold] = held;
  if (hold !== undefined && !held.includes(undefined)) {
    return heldReason(hold);
  }
  const preferred = taking.filter(({ worker }) => (targetOf(placement, worker) ?? 0) < placement.preferred);
  if (preferred.length === 0) {
    const before = targetsText(placement, placement.preferred);
    return `waits for ${before}; a stand-by takes over when that is gone for ${placement.standByAfter / 1000} s`;
  }
  const slots = preferred.reduce((sum, worker) => sum + worker.slots, 0);
  return `waits for a free slot (${slots} in all)`;
}

function heldReason({ scope, subject, reason, heldBy }: StoredDispatchHold): string {
  const what = { all: "dispatch", group: `dispatch to the group ${subject}`, runbook: "dispatch of this runbook" }[
    scope
  ];
  return `${what} is held by ${heldBy}${reason === "" ? "" : `: ${reason}`}`;
}

function notConnected({ targets }: ReadPlacement): string {
  const [only, ...others] = targets;
  if (only === undefined || others.length > 0) {
    return `no worker of ${targets.map(formatRunTarget).join(", ")} is connected`;
  }
  return only.kind === "group"
    ? `no worker of group ${only.name} is connected`
    : `worker ${only.name} is not connected`;
}

function targetsText({ targets }: ReadPlacement, count: number): string {
  return targets
    .slice(0, count)
    .map(({ kind, name }) => `${kind} ${name}`)
    .join(", ");
}

function missingReasons({ hostKind }: ReadPlacement, workers: KnownWorker[]): string {
  const reasons = new Set(
    workers.flatMap(({ missingHostKinds }) =>
      missingHostKinds.filter(({ kind }) => kind === hostKind).map(({ reason }) => reason),
    ),
  );
  return reasons.size === 0 ? "" : ` (${[...reasons].join("; ")})`;
}
