import type { ProcessIdentity } from "../sandbox/sandbox.ts";

/** From the worker to its guard: one JSON object a line, on the guard's standard input. */
export type GuardMessage =
  /** Again for a host of which more is known. */
  | { type: "add"; id: number; identity: ProcessIdentity }
  | { type: "remove"; ids: number[] }
  /** Unless a later one comes before, all hosts are ended at this time by the monotonic clock; null: at no time. */
  | { type: "deadline"; at: number | null };
