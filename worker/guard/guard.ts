/*
 * The guard: a small process beside the worker that ends the worker's hosts when the worker cannot. It does so
 *
 *  - when the worker's lease runs out and the worker has neither renewed it nor said that it ended them itself (it hangs);
 *  - when its standard input closes (the worker is dead, however it died).
 *
 * It outlives the worker for that, so it ignores what a terminal or a service manager sends to the group of processes.
 */
import { createInterface } from "node:readline";
import { monotonicNow } from "../link/monotonic-now.ts";
import { killTree } from "../sandbox/kill-tree.ts";
import { killProcess, processStartTime } from "../sandbox/process-tree.ts";
import type { ProcessIdentity } from "../sandbox/sandbox.ts";
import type { GuardMessage } from "./guard-messages.ts";

const hosts = new Map<number, ProcessIdentity>();
let timer: NodeJS.Timeout | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => take(JSON.parse(line) as GuardMessage));
lines.on("close", () => {
  endHosts();
  process.exit(0);
});

function take(message: GuardMessage): void {
  if (message.type === "add") hosts.set(message.id, message.identity);
  else if (message.type === "remove") for (const id of message.ids) hosts.delete(id);
  else {
    clearTimeout(timer);
    if (message.at !== null) timer = setTimeout(endHosts, Math.max(0, message.at - monotonicNow()));
  }
}

function endHosts(): void {
  for (const identity of hosts.values()) {
    killTree(identity);
    // The outer process may be stopped, or wait for nothing: nobody is left to see how it ends.
    const outer = identity.processes[0];
    if (outer !== undefined && processStartTime(outer.processId) === outer.startTime) killProcess(outer.processId);
  }
}
