import type { WorkerGroupResource } from "../../src/contract/api/worker.ts";
import type { View } from "../output/print.ts";
import { formatDuration } from "../output/quantities.ts";

/** How worker groups are shown. */
export const workerGroupView: View<WorkerGroupResource> = {
  columns: [
    { title: "Group", value: (group) => group.name },
    { title: "Connected", value: (group) => `${group.connectedWorkers}/${group.workers}` },
    { title: "Jobs", value: (group) => `${group.runningJobs}/${group.slots}` },
    {
      title: "Lease",
      value: (group) => (group.leaseDuration === null ? "" : formatDuration(group.leaseDuration)),
    },
    { title: "Held", value: (group) => group.held ?? "" },
    { title: "Description", value: (group) => group.description },
  ],
  details: [{ title: "Modified", value: (group) => `${group.modifiedAt} by ${group.modifiedBy}` }],
  name: (group) => group.name,
};
