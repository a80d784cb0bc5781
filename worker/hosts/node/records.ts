import type { EndedMessage, LogSwitches } from "../../../src/contract/host/host-messages.ts";
import type { StreamName } from "../../../src/contract/stream.ts";
import { recordTextLength } from "../../../src/contract/stream.ts";
import { isReplaying } from "./api/journal.ts";
import { writeLine } from "./output-channel.ts";
import type { StructuredValue } from "./structured-value.ts";

const recorded: Record<StreamName, boolean> = {
  Output: true,
  Error: true,
  Warning: true,
  Information: true,
  Verbose: false,
  Debug: false,
  Progress: false,
};

/** Says which of the quiet streams this job records. */
export function setLogs(logs: LogSwitches): void {
  recorded.Verbose = logs.verbose;
  recorded.Debug = logs.debug;
  recorded.Progress = logs.progress;
}

/** Whether records of this stream are kept; what is not kept need not be formatted. */
export function isRecorded(stream: StreamName): boolean {
  return recorded[stream];
}

/** Emits one record. `continued`: its text goes on in the next record of the stream. */
export function emitRecord(stream: StreamName, text: string, structured?: StructuredValue, continued = false): void {
  let start = 0;
  while (text.length - start > recordTextLength) {
    const end = endOfPart(text, start + recordTextLength);
    writeRecord(stream, text.slice(start, end), undefined, true);
    start = end;
  }
  writeRecord(stream, start === 0 ? text : text.slice(start), structured, continued);
}

/** Tells the worker that the script is over. */
export function writeEnded(message: EndedMessage): void {
  writeLine(JSON.stringify(message));
}

function writeRecord(
  stream: StreamName,
  text: string,
  structured: StructuredValue | undefined,
  continued: boolean,
): void {
  // An earlier attempt has said it.
  if (isReplaying()) return;
  let json = `{"type":"record","stream":"${stream}","time":${Date.now()},"text":${JSON.stringify(text)}`;
  if (structured !== undefined) {
    json += `,"value":${JSON.stringify(structured.value)}`;
    if (structured.cut) json += `,"cut":true`;
  }
  writeLine(continued ? `${json},"continued":true}` : `${json}}`);
}

/** Not between the two halves of a surrogate pair. */
function endOfPart(text: string, end: number): number {
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? end - 1 : end;
}
