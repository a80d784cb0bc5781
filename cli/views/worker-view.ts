import type { WorkerResource } from "../../src/contract/api/worker.ts";
import type { HostKindOffer } from "../../src/contract/link/control-frames.ts";
import type { View } from "../output/print.ts";
import { formatSize } from "../output/quantities.ts";

/** How workers are shown. */
export const workerView: View<WorkerResource> = {
  columns: [
    { title: "Worker", value: (worker) => worker.workerId },
    { title: "Name", value: (worker) => worker.name },
    { title: "Group", value: (worker) => worker.group },
    { title: "Status", value: statusText },
    { title: "Jobs", value: (worker) => `${worker.runningJobs}/${worker.slots}` },
    { title: "Load", value: loadText },
    { title: "Memory", value: memoryText },
    { title: "Last seen", value: (worker) => worker.lastSeenAt ?? "" },
    { title: "Hosts", value: (worker) => worker.hostKinds.map(hostText).join(", ") },
    { title: "Tags", value: (worker) => worker.tags.join(",") },
  ],
  details: [
    { title: "Host name", value: (worker) => worker.hostName ?? "" },
    { title: "Version", value: (worker) => worker.version ?? "" },
    { title: "Sandbox", value: (worker) => worker.sandbox ?? "" },
    { title: "Made", value: (worker) => worker.createdAt },
  ],
  name: (worker) => worker.name,
};

function statusText({ status, admission }: WorkerResource): string {
  return admission === "open" || status === admission ? status : `${status}, ${admission}`;
}

/** Of all cores together. */
function loadText({ vitals }: WorkerResource): string {
  if (vitals === null) return "";
  return vitals.cores === null ? vitals.load.toFixed(1) : `${vitals.load.toFixed(1)}/${vitals.cores}`;
}

/** What its machine has left of what it has. */
function memoryText({ vitals }: WorkerResource): string {
  if (vitals === null || vitals.totalMemory === null || vitals.availableMemory === null) return "";
  return `${formatSize(vitals.availableMemory)} of ${formatSize(vitals.totalMemory)} free`;
}

function hostText({ kind, version, slots }: HostKindOffer): string {
  return slots === undefined ? `${kind} ${version}` : `${kind} ${version} (${slots})`;
}
