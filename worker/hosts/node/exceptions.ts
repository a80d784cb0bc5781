import type { JobException } from "../../../src/contract/host/host-messages.ts";
import { inspect } from "./builtins.ts";
import { placeInRunbook, runbookStack } from "./runbook-stack.ts";

const messageLength = 16 * 1024;
const stackLength = 64 * 1024;
const causeDepth = 8;

/** Describes whatever was thrown, in the runbook's own lines. Never throws itself. */
export function describeException(thrown: unknown, depth = 0): JobException {
  try {
    return thrown instanceof Error || hasErrorShape(thrown) ? describeError(thrown, depth) : describeOther(thrown);
  } catch {
    return { name: "Error", message: "Something was thrown that cannot be read." };
  }
}

/** What a person reads of an exception on the Error stream: the stack, and those of its causes. */
export function exceptionText(exception: JobException): string {
  const own = exception.stack ?? `${exception.name}: ${exception.message}`;
  return exception.cause === undefined ? own : `${own}\nCaused by ${exceptionText(exception.cause)}`;
}

/** Whether an error, or one of its causes, tells that a signal was aborted. */
export function isAbort(thrown: unknown, reason: unknown): boolean {
  for (let error = thrown, depth = 0; depth < causeDepth; depth++) {
    if (error === reason) return true;
    if (typeof error !== "object" || error === null) return false;
    if ((error as Error).name === "AbortError") return true;
    error = (error as Error).cause;
  }
  return false;
}

function describeError(error: Error, depth: number): JobException {
  const raw = typeof error.stack === "string" ? error.stack : "";
  const errors = error instanceof AggregateError && Array.isArray(error.errors) ? error.errors.map(describeInner) : [];
  const name = nameOf(error);
  const message = cut(messageOf(error, errors), messageLength);
  const exception: JobException = { name, message };
  const stack = [stackOf(raw, name, message), ...errors.map((inner) => indented(exceptionText(inner)))].join("\n");
  exception.stack = cut(stack, stackLength);
  Object.assign(exception, placeInRunbook(raw));
  if (error.cause !== undefined && depth < causeDepth) exception.cause = describeException(error.cause, depth + 1);
  return exception;

  function describeInner(inner: unknown): JobException {
    return depth < causeDepth ? describeException(inner, depth + 1) : { name: "Error", message: "…" };
  }
}

function describeOther(thrown: unknown): JobException {
  const name = typeof thrown === "object" && thrown !== null ? "Object" : typeof thrown;
  return { name, message: cut(typeof thrown === "string" ? thrown : inspect(thrown), messageLength) };
}

/** Errors of another realm (`node:vm`) are not instances of this realm's Error. */
function hasErrorShape(thrown: unknown): thrown is Error {
  return (
    typeof thrown === "object" &&
    thrown !== null &&
    typeof (thrown as Error).message === "string" &&
    typeof (thrown as Error).stack === "string"
  );
}

function nameOf(error: Error): string {
  const name = typeof error.name === "string" && error.name !== "" ? error.name : "Error";
  const className: unknown = error.constructor?.name;
  return name === "Error" && typeof className === "string" && className !== "" && className !== "Object"
    ? className
    : name;
}

function messageOf(error: Error, errors: JobException[]): string {
  const own = String(error.message);
  if (errors.length === 0) return own;
  const inner = errors.map((each) => each.message).join("; ");
  return own === "" ? inner : `${own} (${inner})`;
}

function stackOf(raw: string, name: string, message: string): string {
  const frames = runbookStack(raw)
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
  return [`${name}: ${message}`, ...frames].join("\n");
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
