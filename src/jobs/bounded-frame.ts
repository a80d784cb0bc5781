import type { AppendFrame } from "../contract/link/records-frames.ts";
import { deepestValue, isTooDeep } from "../contract/value-depth.ts";

/** Takes out of a frame what is nested deeper than threads and databases can carry; a worker that keeps to the contract sends no such thing. */
export function boundDepth(frame: AppendFrame): void {
  for (const record of frame.records) {
    if (record.value !== undefined && isTooDeep(record.value)) {
      record.cut = true;
      delete record.value;
    }
  }
  const { ended } = frame;
  if (ended === undefined) {
    return;
  }
  if (isTooDeep(ended.result)) {
    ended.result = `(a result nested deeper than ${deepestValue} levels, left out)`;
  }
  if (isTooDeep(ended.exception)) {
    const { name, message, stack } = ended.exception ?? { name: "", message: "" };
    ended.exception = { name, message, ...(stack === undefined ? {} : { stack }) };
  }
}
