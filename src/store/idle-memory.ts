import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Milliseconds between two looks. */
const interval = 5_000;

/** A thread that was at work for less than this part of the time since the last look is idle. */
const idleUtilization = 0.01;

/** Bytes for young objects that are worth collecting for. */
const worthwhile = 4 * 1024 * 1024;

/**
 * Gives the memory of this thread back to the machine when the thread has come to rest. V8 makes room for what dies young, up to 48 MB
 * for a thread, in busy moments, of which the start is the first; and takes it back in collections only, which nothing triggers
 * where nothing is done. It takes some 25 ms of a thread's time, once after each busy time.
 * @returns a function that ends it
 */
export function giveIdleMemoryBack(): () => void {
  let last = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    if (utilization < idleUtilization && roomForYoungObjects() >= worthwhile) {
      collectGarbage();
    }
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/** Bytes that this thread holds for young objects, whether there are any or not. */
export function roomForYoungObjects(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.physical_space_size ?? 0;
}

/** Collects all that can be collected in this thread, and gives the room back. */
export function collectGarbage(): void {
  // Contexts made from now on have the function; without a flag on the command line, which would keep Node from its compiled modules.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: { type: "major"; flavor: "last-resort" }) => void;
  collect({ type: "major", flavor: "last-resort" });
}
