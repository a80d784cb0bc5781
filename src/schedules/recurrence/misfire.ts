import type { MisfireRule } from "../../contract/api/schedule.ts";

/** How many of the latest missed times are run all the same. */
export function runsAfterMisfire(misfire: MisfireRule): number {
  switch (misfire.rule) {
    case "skip":
      return 0;
    case "run-once":
      return 1;
    case "run-all":
      return misfire.most;
  }
}
