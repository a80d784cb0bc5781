import { parseRunTarget } from "../contract/api/placement.ts";
import type { WorkerAdmission } from "../contract/api/worker.ts";
import { checkedTags } from "../contract/tag.ts";
import { UserError } from "../contract/user-error.ts";

/** What operators change of a worker; what is left out stays. */
export interface WorkerChange {
  group?: string;
  tags?: string[];
  admission?: WorkerAdmission;
}

/** @throws UserError `invalid-worker-name`, `invalid-request` for a tag */
export function checkedChange({ group, tags, admission }: WorkerChange): WorkerChange {
  if (group !== undefined) {
    checkWorkerName("/group", group);
  }
  return {
    ...(group !== undefined && { group }),
    ...(tags !== undefined && { tags: checkedTags(tags, "/tags") }),
    ...(admission !== undefined && { admission }),
  };
}

/** @throws UserError `invalid-worker-name` for what cannot name a worker or a group */
export function checkWorkerName(pointer: string, value: string): void {
  if (parseRunTarget(`worker:${value}`)?.name !== value) {
    throw new UserError("invalid-worker-name", `${JSON.stringify(value)} cannot name a worker or a group.`, {
      remedy: "Use letters, digits, dots, hyphens and underscores, at most 128, beginning with a letter or a digit.",
      errors: [{ pointer, message: "is not a name" }],
    });
  }
}
