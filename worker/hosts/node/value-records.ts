import type { StreamName } from "../../../src/contract/stream.ts";
import { format } from "./builtins.ts";
import { emitRecord, isRecorded } from "./records.ts";
import { runbookStack } from "./runbook-stack.ts";
import { flushPartialLines } from "./standard-streams.ts";
import type { StructuredValue } from "./structured-value.ts";
import { structuredValue } from "./structured-value.ts";

/**
 * Emits what a console method was called with: the text as the console writes it, and the structure of a single object
 * (or `structured`, where the caller has it).
 */
export function emitValues(
  stream: StreamName,
  values: readonly unknown[],
  indentation = "",
  structured?: StructuredValue,
): void {
  if (!isRecorded(stream)) return;
  flushPartialLines();
  const [first] = values;
  const isSingle = values.length === 1;
  const text = isSingle && typeof first === "string" ? first : format(...values);
  const isObject = isSingle && typeof first === "object" && first !== null;
  emitRecord(stream, shown(text, indentation), structured ?? (isObject ? structuredValue(first) : undefined));
}

function shown(text: string, indentation: string): string {
  const own = runbookStack(text);
  return indentation === "" ? own : indentation + own.replaceAll("\n", `\n${indentation}`);
}
