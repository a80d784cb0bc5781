import type { ScheduleLinkResource } from "../../src/contract/api/schedule.ts";

/** Says which links went with a schedule or a runbook. */
export function tellRemovedLinks(links: readonly ScheduleLinkResource[]): void {
  for (const { scheduleName, runbookName } of links) {
    process.stderr.write(`The schedule ${scheduleName} does not start ${runbookName} any more.\n`);
  }
}
