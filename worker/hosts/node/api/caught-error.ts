import type { JournalEntry } from "../../../../src/contract/journal.ts";

type CaughtError = NonNullable<JournalEntry["error"]>;

/** What is kept of an error after which the script went on. */
export function describedError(error: unknown): CaughtError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  return { name: String(name), message: String(message), ...(typeof stack === "string" ? { stack } : {}) };
}

/** The same error for a further attempt. */
export function revivedError({ name, message, stack }: CaughtError): Error {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
