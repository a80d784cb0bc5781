import type { WorkerResource } from "../../src/contract/api/worker.ts";
import type { View } from "../output/print.ts";

/** How workers are shown. */
export const workerView: View<WorkerResource> = {
  columns: [
    { title: "Worker", value: (worker) => worker.workerId },
    { title: "Name", value: (worker) => worker.name },
    { title: "Group", value: (worker) => worker.group },
    { title: "Status", value: (worker) => worker.status },
    { title: "Jobs", value: (worker) => `${worker.runningJobs}/${worker.slots}` },
    { title: "Hosts", value: (worker) => worker.hostKinds.map(({ kind, version }) => `${kind} ${version}`).join(", ") },
  ],
  details: [
    { title: "Host name", value: (worker) => worker.hostName ?? "" },
    { title: "Version", value: (worker) => worker.version ?? "" },
    { title: "Sandbox", value: (worker) => worker.sandbox ?? "" },
    { title: "Last seen", value: (worker) => worker.lastSeenAt ?? "" },
    { title: "Made", value: (worker) => worker.createdAt },
  ],
  name: (worker) => worker.workerId,
};
