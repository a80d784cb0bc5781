import type { EndedMessage, JobException } from "../../../src/contract/host/host-messages.ts";
import { checkUsedUp, endReplay } from "./api/journal.ts";
import { signal } from "./api/signal.ts";
import { describeException, exceptionText, isAbort } from "./exceptions.ts";
import { exitProcess } from "./exit-process.ts";
import { flushProgress } from "./progress-pace.ts";
import { emitRecord, writeEnded } from "./records.ts";
import { flushPartialLines } from "./standard-streams.ts";
import { structuredValue } from "./structured-value.ts";
import { emitValues } from "./value-records.ts";

/** What a runbook returns is data rather than an object of the program's, so it is told deeper than a logged one. */
const resultDepth = 32;

const callExitListeners = process.emit.bind(process, "exit");
let isOver = false;
let goOn: ((ended: EndedMessage) => void) | null = null;
/** The end of a script after which the process may go on, as long as that is not told. */
let untold: EndedMessage | null = null;

/**
 * From now on the process does not end with a script that completes: `next` gets its end, and is to tell it.
 * Every other end still is the process's.
 */
export function goOnAfterEnd(next: (ended: EndedMessage) => void): void {
  goOn = next;
}

/** The end is told, and another script follows. */
export function beginAgain(): void {
  isOver = false;
  untold = null;
}

/** The script came to its end; `returned` is what its function returned. */
export function complete(returned?: unknown): void {
  const code = Number(process.exitCode ?? 0);
  if (code !== 0) exitWithCode(code);
  if (!signal.aborted) checkUsedUp();
  if (goOn === null || signal.aborted) {
    end({ type: "ended", outcome: signal.aborted ? "Stopped" : "Completed" }, returned);
  }
  untold = lastMessage({ type: "ended", outcome: "Completed" }, returned);
  goOn(untold);
}

/** The script threw, or a promise of its was rejected. */
export function fail(thrown: unknown): never {
  if (untold !== null) endUnkept(untold, "something was thrown after the end");
  if (isOver) throw thrown;
  if (signal.aborted && isAbort(thrown, signal.reason)) stopped();
  failWith(describeException(thrown));
}

/** The script was asked to stop, and it did. */
export function stopped(): never {
  end({ type: "ended", outcome: "Stopped" });
}

/** The script waits for something that may take long: another process goes on. */
export function suspended(): never {
  end({ type: "ended", outcome: "Suspended" });
}

/** The script ended itself with `process.exit`. */
export function exitWithCode(exitCode: number): never {
  if (exitCode === 0) end({ type: "ended", outcome: signal.aborted ? "Stopped" : "Completed", exitCode });
  const exception = describeException(new ProcessExit(`The runbook ended itself with exit code ${exitCode}.`));
  end({ type: "ended", outcome: signal.aborted ? "Stopped" : "Failed", exception, exitCode });
}

/** The script failed; the Error stream tells why, too. */
export function failWith(exception: JobException): never {
  endReplay();
  flushPartialLines();
  if (!isOver) emitRecord("Error", exceptionText(exception));
  end({ type: "ended", outcome: signal.aborted ? "Stopped" : "Failed", exception });
}

class ProcessExit extends Error {}

/** An `exit` listener ended the process again; the first end counts. */
class EndedAlready extends Error {}

/** The script had come to its end, but something of it is left: the process ends with it after all. */
export function endUnkept(message: EndedMessage, reason: string): never {
  endProcess({ ...message, notKept: reason });
}

/** Writes the end, after every record, and ends the process, whatever is still open in it. */
function end(message: EndedMessage, returned?: unknown): never {
  endProcess(lastMessage(message, returned));
}

function endProcess(message: EndedMessage): never {
  writeEnded(message);
  exitProcess(0);
}

/** Writes what is still to be written before the end, and gives what says it. */
function lastMessage(message: EndedMessage, returned: unknown): EndedMessage {
  if (isOver) throw new EndedAlready();
  isOver = true;
  try {
    callExitListeners(message.exitCode ?? 0);
  } catch (error) {
    if (!(error instanceof EndedAlready)) emitRecord("Error", exceptionText(describeException(error)));
  }
  flushProgress();
  flushPartialLines(true);
  return returned === undefined ? message : { ...message, result: emitResult(returned) };
}

/** The result is also the last Output record. */
function emitResult(returned: unknown): unknown {
  const structured = structuredValue(returned, resultDepth);
  emitValues("Output", [returned], "", structured);
  return structured.value;
}
