/*
 * The Node host: runs one TypeScript runbook, once, and exits. The protocol is in `src/contract/host/host-messages.ts`.
 * This module is also what `import … from "runsmith"` gives the runbook, so it exports the runbook API and nothing else,
 * and its evaluation must end before the runbook is imported.
 */
import type { RunMessage } from "../../../src/contract/host/host-messages.ts";
import type { Context } from "./api/context.ts";
import { job, setJob } from "./api/job.ts";
import { installRuntime } from "./api/runtime.ts";
import { abortSignal, signal } from "./api/signal.ts";
import { replaceConsole } from "./console-streams.ts";
import { reviveDates } from "./date-parameters.ts";
import { complete, fail, stopped } from "./ending.ts";
import { exitProcess } from "./exit-process.ts";
import { readHandOver, watchInput } from "./input-channel.ts";
import { writeLine } from "./output-channel.ts";
import { emitProgress } from "./progress-pace.ts";
import { setLogs } from "./records.ts";
import { importRunbook, registerRunbookModules } from "./runbook-module.ts";
import { guardProcess, watchEventLoop } from "./script-process.ts";
import { replaceStandardStreams } from "./standard-streams.ts";
import { usesSignal } from "./uses-signal.ts";
import { emitValues } from "./value-records.ts";
import { warmUp } from "./warm-up.ts";

export * from "./api/index.ts";

type Main = (parameters: Record<string, unknown>, context: Context) => unknown;

/** When the descriptor for messages is opened after the hand-over, in milliseconds: not in the script's first moments, and never for a short one. */
const inputWatchDelay = 20;

registerRunbookModules(import.meta.url);
replaceStandardStreams();
replaceConsole();
guardProcess();
installRuntime({ emit: (stream, values) => emitValues(stream, values), emitProgress });
warmUp().then(serve, fail);

function serve(): void {
  writeLine(JSON.stringify({ type: "ready", version: process.versions.node }));
  const message = readHandOver();
  if (message?.type !== "run") exitProcess(0);
  run(message);
}

function run(message: RunMessage): void {
  const { name } = message.runbook;
  setLogs(message.logs);
  setJob({ id: message.jobId, name, attempt: message.attempt });
  process.argv = ["node", name];
  let main: Main | undefined;
  setTimeout(watch, inputWatchDelay).unref();
  importRunbook(name, message.script).then(start).then(undefined, fail);

  function start(module: Record<string, unknown>): PromiseLike<never> | undefined {
    // A module without a default export is a script as Node knows it: over when nothing is left to do.
    watchEventLoop("default" in module ? "function" : "body");
    if (!("default" in module)) return undefined;
    main = mainOf(module["default"]);
    const returned = main(reviveDates(message.parameters, message.parameterSchemas), { signal, job });
    return isThenable(returned) ? returned.then(complete, fail) : complete(returned);
  }

  function watch(): void {
    watchInput({
      stop: ({ reason }) => {
        const waits = usesSignal(message.script, main);
        abortSignal(reason);
        if (!waits) stopped();
      },
      // Nobody is left to read what the script writes.
      gone: () => exitProcess(0),
    });
  }
}

function mainOf(exported: unknown): Main {
  if (typeof exported === "function") return exported as Main;
  throw new TypeError(`The default export of a runbook is a function; this one is of type ${typeof exported}.`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
