import { permits } from "../access/authorize.ts";
import type { Target } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";

/* What rights are asked for of schedules, calendars and links. */

/** A schedule, or a calendar, which has the rights of a schedule. */
export function scheduleTarget(id: string): Target {
  return { kind: "asset", assetKind: "schedule", assetId: id };
}

export function runbookTarget({ runbookId, folderId }: { runbookId: string; folderId: string | null }): Target {
  return { kind: "runbook", runbookId, folderId };
}

/** Who may read the runbook sees that a schedule starts it, with what, and what became of its times; a right on the schedule shows no runbook. */
export function maySeeLink(caller: Principal, link: { runbookId: string; folderId: string | null }): boolean {
  return permits(caller, "read", runbookTarget(link));
}
