import type { RecordPosition } from "../../store/operations/streams.ts";
import type { JsonSchema } from "./route.ts";

/** Where a reader of a job's records is: the id of the last one it has. */
export const recordPositionSchema: JsonSchema = {
  type: "string",
  pattern: "^\\d{1,9}\\.\\d{1,15}$",
  description: "The id of the last record that is known, `attempt.number`.",
};

/** Reads the id of a record; undefined when it is none. */
export function recordPositionOf(id: string | undefined): RecordPosition | undefined {
  const [, attempt, number] = /^(\d{1,9})\.(\d{1,15})$/.exec(id ?? "") ?? [];
  return attempt === undefined ? undefined : { attempt: Number(attempt), number: Number(number) };
}

/** Reads an id that its schema has checked. */
export function recordPosition(id: string): RecordPosition {
  return recordPositionOf(id) ?? { attempt: 0, number: 0 };
}
