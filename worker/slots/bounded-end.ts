import type { EndedMessage, JobException } from "../../src/contract/host/host-messages.ts";
import { deepestValue, isTooDeep } from "../../src/contract/value-depth.ts";

/** Characters of one text of an exception. */
const longestText = 64 * 1024;
/** Characters of a result's JSON. */
const longestResult = 1024 * 1024;
/** Exceptions that caused each other. */
const deepestCause = 8;

/** How a script says that it ended, cut where it says more than anybody would read; a host may say anything here. */
export function boundedEnd(ended: EndedMessage): EndedMessage {
  const { type, outcome, exception, result, exitCode } = ended;
  return {
    type,
    outcome,
    ...(exception === undefined ? {} : { exception: boundedException(exception) }),
    ...(result === undefined ? {} : { result: boundedResult(result) }),
    // What is no exit code anywhere is none here either: `process.exit(1e300)`.
    ...(typeof exitCode === "number" && (exitCode | 0) === exitCode ? { exitCode } : {}),
  };
}

function boundedResult(result: unknown): unknown {
  if (isTooDeep(result)) return `(a result nested deeper than ${deepestValue} levels, left out)`;
  const { length } = JSON.stringify(result);
  return length > longestResult ? `(a result of ${length} characters, left out)` : result;
}

/** An exception with bounded texts and causes. */
export function boundedException(exception: JobException, depth = 0): JobException {
  const { name, message, stack, line, column, cause } = exception;
  return {
    name: cut(name, 1024),
    message: cut(message, longestText),
    ...(stack === undefined ? {} : { stack: cut(stack, longestText) }),
    ...(Number.isInteger(line) && line !== undefined ? { line } : {}),
    ...(Number.isInteger(column) && column !== undefined ? { column } : {}),
    ...(cause === undefined || cause === null || depth >= deepestCause
      ? {}
      : { cause: boundedException(cause, depth + 1) }),
  };
}

function cut(text: unknown, most: number): string {
  const whole = typeof text === "string" ? text : String(text);
  return whole.length <= most ? whole : `${whole.slice(0, most).toWellFormed()}…`;
}
