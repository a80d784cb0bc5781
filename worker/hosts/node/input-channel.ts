import type { Socket } from "node:net";
import type {
  AssetAnswerMessage,
  JournalStoredMessage,
  RunbookAnswerMessage,
  StopMessage,
  WorkerToHostMessage,
} from "../../../src/contract/host/host-messages.ts";
import { hostInputDescriptor } from "../../../src/contract/host/host-messages.ts";
import { net, readSync } from "./builtins.ts";

export interface InputListener {
  /** The running script is to end. */
  stop: (message: StopMessage) => void;
  answered: (message: AssetAnswerMessage | RunbookAnswerMessage) => void;
  journalStored: (message: JournalStoredMessage) => void;
  suspend: () => void;
  /** The worker went away. */
  gone: () => void;
}

const lineFeed = 10;
const firstBuffer = Buffer.allocUnsafeSlow(64 * 1024);
let rest: Buffer = Buffer.alloc(0);
let socket: Socket | undefined;
/** How many wait for what the worker will say. */
let waiting = 0;
let listener: InputListener | undefined;
let onHandOver: ((message: WorkerToHostMessage) => void) | undefined;

/**
 * Waits for the hand-over in a blocking read, so that nothing of Node's event loop stands between its coming and the
 * script's start. Returns undefined when the worker went away instead. Not to be called once the input is watched.
 */
export function readHandOver(): WorkerToHostMessage | undefined {
  for (;;) {
    const line = readLine();
    if (line === undefined) return undefined;
    const message = JSON.parse(line) as WorkerToHostMessage;
    // What crossed the end of the script before: nothing is left to stop, and nobody waits for an answer.
    if (message.type === "run" || message.type === "analyse") return message;
  }
}

/** Whether `awaitHandOver` has to be used in place of `readHandOver`. */
export function isInputWatched(): boolean {
  return socket !== undefined;
}

/** The same, of a watched input. */
export function awaitHandOver(take: (message: WorkerToHostMessage) => void): void {
  listener = undefined;
  onHandOver = take;
  socket?.ref();
}

/** Watches for what the worker says after the hand-over, without keeping the process alive. */
export function watchInput(on: InputListener): void {
  listener = on;
  if (socket !== undefined) {
    if (waiting === 0) socket.unref();
    return;
  }
  let text = "";
  socket = new (net().Socket)({ fd: hostInputDescriptor, readable: true, writable: false });
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const message = JSON.parse(text.slice(0, end)) as WorkerToHostMessage;
      text = text.slice(end + 1);
      take(message);
    }
  });
  const gone = (): void => on.gone();
  socket.on("end", gone);
  socket.on("error", gone);
  if (rest.length > 0) socket.unshift(rest);
  socket.unref();
}

/** Somebody begins to wait for what the worker will say, or ends: meanwhile the process goes on. */
export function keepWatching(on: boolean): void {
  waiting += on ? 1 : -1;
  if (waiting > 0) socket?.ref();
  else socket?.unref();
}

function take(message: WorkerToHostMessage): void {
  if (message.type === "stop") {
    listener?.stop(message);
    return;
  }
  if (message.type === "asset-answer" || message.type === "runbook-answer") {
    listener?.answered(message);
    return;
  }
  if (message.type === "journal-stored") {
    listener?.journalStored(message);
    return;
  }
  if (message.type === "suspend") {
    listener?.suspend();
    return;
  }
  const handOver = onHandOver;
  onHandOver = undefined;
  handOver?.(message);
}

/** The next line, without its end; undefined at the end of the input. */
function readLine(): string | undefined {
  const full: Buffer[] = [];
  let buffer = rest.length < firstBuffer.length ? firstBuffer : Buffer.concat([rest, Buffer.alloc(1)]);
  let used = buffer === firstBuffer ? rest.copy(buffer) : rest.length;
  let searched = 0;
  for (;;) {
    const end = buffer.subarray(searched, used).indexOf(lineFeed);
    if (end >= 0) {
      const length = searched + end;
      rest = Buffer.from(buffer.subarray(length + 1, used));
      return full.length === 0 ? buffer.toString("utf8", 0, length) : joined(full, buffer.subarray(0, length));
    }
    searched = used;
    if (used === buffer.length) {
      full.push(buffer);
      buffer = Buffer.allocUnsafeSlow(1024 * 1024);
      used = 0;
      searched = 0;
    }
    const count = readSync(hostInputDescriptor, buffer, used, buffer.length - used, null);
    if (count === 0) return undefined;
    used += count;
  }
}

function joined(full: Buffer[], last: Buffer): string {
  return Buffer.concat([...full, last]).toString("utf8");
}
