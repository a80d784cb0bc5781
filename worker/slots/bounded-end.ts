import type { EndedMessage, JobException } from "../../src/contract/host/host-messages.ts";
import { deepestValue, isTooDeep } from "../../src/contract/value-depth.ts";
import type { Masker } from "../masking/masker.ts";

/** Characters of one text of an exception. */
const longestText = 64 * 1024;
/** Characters of a result's JSON. */
const longestResult = 1024 * 1024;
/** Exceptions that caused each other. */
const deepestCause = 8;

/**
 * How a script says that it ended, of the form of the protocol whatever a host says here: texts and result without secrets,
 * cut where they say more than anybody would read. Nothing but texts and result is masked, so that a secret that is a word
 * of the protocol cannot make the end one that no service takes.
 */
export function boundedEnd(ended: EndedMessage, masker: Masker | null = null): EndedMessage {
  const { type, outcome, exception, result, exitCode } = ended;
  return {
    type,
    outcome,
    ...(typeof exception === "object" && exception !== null ? { exception: boundedException(exception, masker) } : {}),
    ...(result === undefined ? {} : { result: boundedResult(result, masker) }),
    // What is no exit code anywhere is none here either: `process.exit(1e300)`.
    ...(typeof exitCode === "number" && (exitCode | 0) === exitCode ? { exitCode } : {}),
  };
}

/** An exception without secrets, with bounded texts and causes. */
export function boundedException(exception: JobException, masker: Masker | null = null, depth = 0): JobException {
  const { name, message, stack, line, column, cause } = exception;
  // Masked before it is cut: half a secret would not be found.
  const bounded = (text: unknown, most: number): string => {
    const whole = textOf(text);
    return cut(masker === null ? whole : masker.text(whole), most);
  };
  return {
    name: bounded(name, 1024),
    message: bounded(message, longestText),
    ...(stack === undefined ? {} : { stack: bounded(stack, longestText) }),
    ...(Number.isSafeInteger(line) && line !== undefined ? { line } : {}),
    ...(Number.isSafeInteger(column) && column !== undefined ? { column } : {}),
    ...(typeof cause !== "object" || cause === null || depth >= deepestCause
      ? {}
      : { cause: boundedException(cause, masker, depth + 1) }),
  };
}

function boundedResult(result: unknown, masker: Masker | null): unknown {
  if (isTooDeep(result)) return `(a result nested deeper than ${deepestValue} levels, left out)`;
  const masked = masker === null ? result : masker.value(result);
  const { length } = JSON.stringify(masked);
  return length > longestResult ? `(a result of ${length} characters, left out)` : masked;
}

function textOf(text: unknown): string {
  return typeof text === "string" ? text : typeof text === "number" || typeof text === "boolean" ? String(text) : "";
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
}
