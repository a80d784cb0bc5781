import type { RunTarget } from "../contract/api/placement.ts";
import { parseRunTarget } from "../contract/api/placement.ts";
import type { HostKindOffer } from "../contract/link/control-frames.ts";
import type { HostKind } from "../contract/runbook-kind.ts";
import type { StoredPlacement } from "../store/operations/dispatch.ts";

/** What placements look at of a worker. */
export interface PlacedWorker {
  readonly workerId: string;
  readonly name: string;
  readonly group: string;
  readonly tags: readonly string[];
  readonly hostKinds: readonly HostKindOffer[];
}

/** A placement, read: its targets in order, the stand-bys last. Names and tags are in lower case. */
export interface ReadPlacement {
  readonly placementId: string;
  readonly hostKind: HostKind;
  readonly targets: readonly RunTarget[];
  /** How many of the targets are no stand-bys. */
  readonly preferred: number;
  readonly standByAfter: number;
  readonly requiredTags: readonly string[];
}

export function readPlacement(stored: StoredPlacement): ReadPlacement {
  const targets = [...stored.runOn, ...stored.standBys].flatMap((text) => parseRunTarget(text.toLowerCase()) ?? []);
  return {
    placementId: stored.placementId,
    hostKind: stored.hostKind,
    targets,
    preferred: stored.runOn.length,
    standByAfter: stored.standByAfter,
    requiredTags: stored.requiredTags.map((tag) => tag.toLowerCase()),
  };
}

/** Whether a worker offers the kind of host, and has the tags, that a placement asks for. */
export function isAble(placement: ReadPlacement, worker: PlacedWorker): boolean {
  return offersKind(placement, worker) && hasTags(placement, worker);
}

export function offersKind({ hostKind }: ReadPlacement, { hostKinds }: PlacedWorker): boolean {
  return hostKinds.some(({ kind, slots }) => kind === hostKind && slots !== 0);
}

export function hasTags({ requiredTags }: ReadPlacement, { tags }: PlacedWorker): boolean {
  return requiredTags.every((required) => tags.some((tag) => tag.toLowerCase() === required));
}

/** The position of the first target that means this worker; null when none does. */
export function targetOf({ targets }: ReadPlacement, { name, group }: PlacedWorker): number | null {
  const [workerName, groupName] = [name.toLowerCase(), group.toLowerCase()];
  const position = targets.findIndex((target) => target.name === (target.kind === "worker" ? workerName : groupName));
  return position < 0 ? null : position;
}
