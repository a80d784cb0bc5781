/*
 * The Node host: runs one TypeScript runbook, once, and exits; or, where the worker says `keep`, one job after another of
 * the same runbook. The protocol is in `src/contract/host/host-messages.ts`.
 * This module is also what `import … from "runsmith"` gives the runbook, so it exports the runbook API and nothing else,
 * and its evaluation must end before the runbook is imported.
 */
import type { ChildRunbook } from "../../../src/contract/child-runbook.ts";
import type { EndedMessage, RunMessage, WorkerToHostMessage } from "../../../src/contract/host/host-messages.ts";
import type { Context } from "./api/context.ts";
import { job, setJob } from "./api/job.ts";
import { beginJournal, noteText } from "./api/journal.ts";
import { installRuntime } from "./api/runtime.ts";
import { abortSignal, renewSignal, signal } from "./api/signal.ts";
import { askToSuspend, beginSuspension } from "./api/suspension.ts";
import { endConsoleGroups, replaceConsole } from "./console-streams.ts";
import { reviveDates } from "./date-parameters.ts";
import { beginAgain, complete, endUnkept, fail, goOnAfterEnd, stopped, suspended } from "./ending.ts";
import { exitProcess } from "./exit-process.ts";
import { awaitHandOver, isInputWatched, readHandOver, watchInput } from "./input-channel.ts";
import { journalLeft, storeInJournal, takeJournalStored } from "./journal-channel.ts";
import { writeLine } from "./output-channel.ts";
import { emitProgress, forgetProgress } from "./progress-pace.ts";
import { emitRecord, isRecorded, setLogs } from "./records.ts";
import { requestAsset, requestRunbook, requestsLeft, takeAnswer } from "./request-channel.ts";
import type { CleanState } from "./reuse/clean-state.ts";
import { importRunbook, registerRunbookModules, watchImports } from "./runbook-module.ts";
import { guardProcess, watchEventLoop } from "./script-process.ts";
import { forgetStandardStreams, replaceStandardStreams } from "./standard-streams.ts";
import { usesSignal } from "./uses-signal.ts";
import { emitValues } from "./value-records.ts";
import { warmUp } from "./warm-up.ts";

export * from "./api/index.ts";

type Main = (parameters: Record<string, unknown>, context: Context) => unknown;

/** When the descriptor for messages is opened after the hand-over, in milliseconds: not in the script's first moments, and never for a short one. */
const inputWatchDelay = 20;

const ready = JSON.stringify({ type: "ready", version: process.versions.node });
let inputTimer: NodeJS.Timeout | undefined;
/** Opens the descriptor for messages at once. */
let watchNow = (): void => {};
/** Other runbooks that were called, and how often modules of such were evaluated. */
const childModules = new Map<string, Record<string, unknown>>();
let childRuns = 0;
/** Jobs that this process has run beside the first. */
let furtherRuns = 0;

registerRunbookModules(import.meta.url);
replaceStandardStreams();
replaceConsole();
guardProcess();
installRuntime({
  emit: (stream, values) => emitValues(stream, values),
  emitProgress,
  askAssets(request) {
    clearTimeout(inputTimer);
    watchNow();
    return requestAsset(request);
  },
  askRunbooks(request) {
    clearTimeout(inputTimer);
    watchNow();
    return requestRunbook(request).then(({ answer }) => answer);
  },
  runChild,
  passOn({ stream, text, value, cut = false, continued = false }) {
    if (isRecorded(stream)) emitRecord(stream, text, value === undefined ? undefined : { value, cut }, continued);
  },
  beginStep: (entry) => writeLine(JSON.stringify({ type: "step-begun", entry })),
  keep(entry) {
    clearTimeout(inputTimer);
    watchNow();
    return storeInJournal(entry);
  },
  suspend: suspended,
  fail,
});
warmUp(rehearse).then(serve, fail);

function serve(): void {
  writeLine(ready);
  takeHandOver(readHandOver());
}

function takeHandOver(message: WorkerToHostMessage | undefined): void {
  if (message?.type !== "run") exitProcess(0);
  if (message.keep === undefined || furtherRuns > 0) run(message);
  else prepareToGoOn(message.script, message.keep.folders).then(() => run(message), fail);
}

function run(message: RunMessage): void {
  let main: Main | undefined;
  begin(message);
  watchNow = watch;
  if (isInputWatched()) watch();
  else watchInputSoon();
  importRunbook(message.runbook.name, message.script, furtherRuns).then(start).then(undefined, fail);

  function start(module: Record<string, unknown>): PromiseLike<void> | undefined | void {
    // A module without a default export is a script as Node knows it: over when nothing is left to do.
    watchEventLoop("default" in module ? "function" : "body");
    if (!("default" in module)) return undefined;
    main = mainOf(module["default"]);
    const returned = call(main, message);
    return isThenable(returned) ? returned.then(complete, fail) : complete(returned);
  }

  function watch(): void {
    watchInput({
      stop: ({ reason }) => {
        const waits = usesSignal(message.script, main);
        abortSignal(reason);
        if (!waits) stopped();
      },
      answered: takeAnswer,
      journalStored: ({ sequence }) => takeJournalStored(sequence),
      suspend: askToSuspend,
      // Nobody is left to read what the script writes.
      gone: () => exitProcess(0),
    });
  }
}

/** What a job changes of this process before its script is looked at. */
function begin({ runbook, script, jobId, attempt, logs, journal }: RunMessage): void {
  setLogs(logs);
  beginJournal(journal ?? [], script);
  beginSuspension();
  setJob({ id: jobId, name: runbook.name, attempt });
  process.argv = ["node", runbook.name];
}

function watchInputSoon(): void {
  inputTimer = setTimeout(() => watchNow(), inputWatchDelay).unref();
}

function call(main: Main, { parameters, parameterSchemas }: RunMessage): unknown {
  return main(reviveDates(parameters, parameterSchemas), { signal, job });
}

/**
 * Goes the way of a job up to where its function has returned, and leaves nothing that the first job would not replace.
 * @param run A number that no job's run has: what is evaluated here must never be found in place of a job's module.
 */
async function rehearse(message: RunMessage, run: number): Promise<void> {
  begin(message);
  watchInputSoon();
  clearTimeout(inputTimer);
  const module = await importRunbook(message.runbook.name, message.script, run);
  await call(mainOf(module["default"]), message);
}

/** Notes what this process is like before any script has run in it, so that it can be brought back there after each. */
async function prepareToGoOn(script: string, folders: readonly string[]): Promise<void> {
  const file = new URL("./clean-state.mjs", import.meta.url).href;
  const { noteCleanState } = (await import(file)) as typeof import("./reuse/clean-state.ts");
  const state = noteCleanState(script, folders, watchImports);
  goOnAfterEnd((ended) => {
    clearTimeout(inputTimer);
    forgetProgress();
    forgetStandardStreams();
    endConsoleGroups();
    // What the script left in the queues of the event loop comes first, such as a promise that nobody catches.
    state.afterPending(() => goOn(state, ended));
  });
}

function goOn(state: CleanState, ended: EndedMessage): void {
  const reason = requestsLeft() ?? journalLeft() ?? state.restore();
  if (reason !== null) endUnkept(ended, reason);
  renewSignal();
  watchEventLoop("import");
  beginAgain();
  furtherRuns++;
  writeLine(`${JSON.stringify({ ...ended, kept: true })}\n${ready}`);
  if (isInputWatched()) awaitHandOver(takeHandOver);
  else takeHandOver(readHandOver());
}

/** Runs another runbook for the one that runs. Its module is evaluated once, unless all that it does is done by that. */
async function runChild(
  { name, script, signature }: ChildRunbook,
  parameters: Record<string, unknown>,
): Promise<unknown> {
  if (script === null) throw new Error(`The text of the runbook ${name} is not at hand.`);
  noteText(script);
  const key = name.toLowerCase();
  const module = childModules.get(key) ?? (await importRunbook(name, script, ++childRuns));
  if (!("default" in module)) return undefined;
  childModules.set(key, module);
  return await mainOf(module["default"])(reviveDates(parameters, signature.properties), { signal, job });
}

function mainOf(exported: unknown): Main {
  if (typeof exported === "function") return exported as Main;
  throw new TypeError(`The default export of a runbook is a function; this one is of type ${typeof exported}.`);
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
