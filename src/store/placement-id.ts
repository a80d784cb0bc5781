import { createHash } from "node:crypto";
import type { Placement } from "../contract/api/placement.ts";
import type { HostKind } from "../contract/runbook-kind.ts";
import { bytesToId } from "./id-bytes.ts";

/** The id of a placement, made of its content: the same choice has the same id in every service and every database. */
export function placementId(hostKind: HostKind, placement: Placement): string {
  const { runOn, standBys, standByAfter, requiredTags } = placement;
  const content = JSON.stringify([hostKind, runOn, standBys, standByAfter, requiredTags]);
  return bytesToId(createHash("sha256").update(content).digest().subarray(0, 16));
}

/** The group that a placement names first; null when it names workers only. What lists of jobs filter by. */
export function firstGroup({ runOn, standBys }: Pick<Placement, "runOn" | "standBys">): string | null {
  return [...runOn, ...standBys].find((target) => target.startsWith("group:"))?.slice("group:".length) ?? null;
}
