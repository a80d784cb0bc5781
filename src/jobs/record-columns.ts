import type { StreamRecord } from "../contract/stream.ts";
import { streamNames } from "../contract/stream.ts";
import type { RecordColumns } from "../store/operations/streams.ts";
import { recordFlags } from "../store/operations/streams.ts";

const streamIndexes = new Map(streamNames.map((name, index) => [name, index]));

/** The records of all the parts, one after another, as the store takes them. */
export function toColumns(parts: readonly { readonly records: readonly StreamRecord[] }[]): RecordColumns {
  const count = parts.reduce((sum, { records }) => sum + records.length, 0);
  const columns = {
    numbers: new Float64Array(count),
    streams: new Uint8Array(count),
    times: new Float64Array(count),
    texts: new Array<string>(count),
    flags: new Uint8Array(count),
  };
  let values: (string | null)[] | undefined;
  let at = 0;
  for (const { records } of parts) {
    for (const record of records) {
      columns.numbers[at] = record.number;
      columns.streams[at] = streamIndexes.get(record.stream) ?? 0;
      columns.times[at] = record.time;
      columns.texts[at] = record.text;
      columns.flags[at] =
        (record.cut === true ? recordFlags.cut : 0) + (record.continued === true ? recordFlags.continued : 0);
      if (record.value !== undefined) {
        values ??= new Array<string | null>(count).fill(null);
        values[at] = JSON.stringify(record.value);
      }
      at += 1;
    }
  }
  return values === undefined ? columns : { ...columns, values };
}
