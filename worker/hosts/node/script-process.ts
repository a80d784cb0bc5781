import type { JobException } from "../../../src/contract/host/host-messages.ts";
import { signal } from "./api/signal.ts";
import { complete, exitWithCode, fail, failWith, stopped } from "./ending.ts";
import { emitRecord } from "./records.ts";
import { placeInRunbook, runbookStack } from "./runbook-stack.ts";

/** What the event loop, once empty, says of the script: `import` its module is not evaluated, `function` its function has not ended. */
type Stage = "import" | "body" | "function";

let stage: Stage = "import";

/** More frames than Node's ten, because those of Node itself are not shown. */
const stackTraceLimit = 50;

/** Makes every way in which a script may end its process a truthful end of the job. */
export function guardProcess(): void {
  Error.stackTraceLimit = stackTraceLimit;
  const replaced: Pick<NodeJS.Process, "exit" | "abort"> = {
    exit: (code) => exitWithCode(Number(code ?? process.exitCode ?? 0)),
    abort: () => failWith(thrownHere("ProcessAbort", "The runbook ended itself with process.abort().")),
  };
  Object.assign(process, replaced);
  process.on("uncaughtException", (error) => {
    if (process.listenerCount("uncaughtException") === 1) fail(error);
  });
  process.on("unhandledRejection", (reason) => {
    if (process.listenerCount("unhandledRejection") === 1) fail(reason);
  });
  process.on("warning", (warning) => emitRecord("Warning", `${warning.name}: ${warning.message}`));
  process.on("beforeExit", onEmptyEventLoop);
}

/** Says what the script is doing, for the case that the event loop becomes empty meanwhile. */
export function watchEventLoop(current: Stage): void {
  stage = current;
}

function onEmptyEventLoop(): void {
  if (signal.aborted) stopped();
  if (stage === "body") {
    complete();
    return;
  }
  const waiting =
    stage === "import"
      ? "a top-level await waits for a promise"
      : "the function's promise, or one it awaits, is not settled";
  failWith({
    name: "UnsettledAwait",
    message:
      `The event loop is empty but the runbook is still waiting: ${waiting}, and no timer, request or other handle is left ` +
      "that could settle it. Look for a callback that never calls resolve() or reject().",
  });
}

function thrownHere(name: string, message: string): JobException {
  const raw = new Error(message).stack ?? "";
  const stack = runbookStack(raw).replace(/^Error/, name);
  return { name, message, stack, ...placeInRunbook(raw) };
}
