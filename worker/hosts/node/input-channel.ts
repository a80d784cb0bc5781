import type { StopMessage, WorkerToHostMessage } from "../../../src/contract/host/host-messages.ts";
import { hostInputDescriptor } from "../../../src/contract/host/host-messages.ts";
import { net, readSync } from "./builtins.ts";

const lineFeed = 10;
const firstBuffer = Buffer.allocUnsafeSlow(64 * 1024);
let rest: Buffer = Buffer.alloc(0);

/**
 * Waits for the hand-over in a blocking read, so that nothing of Node's event loop stands between its coming and the
 * script's start. Returns undefined when the worker went away instead.
 */
export function readHandOver(): WorkerToHostMessage | undefined {
  const full: Buffer[] = [];
  let buffer = firstBuffer;
  let used = 0;
  for (;;) {
    const count = readSync(hostInputDescriptor, buffer, used, buffer.length - used, null);
    if (count === 0) return undefined;
    const end = buffer.subarray(used, used + count).indexOf(lineFeed);
    if (end >= 0) {
      const line =
        full.length === 0 ? buffer.toString("utf8", 0, used + end) : joined(full, buffer.subarray(0, used + end));
      rest = Buffer.from(buffer.subarray(used + end + 1, used + count));
      return JSON.parse(line) as WorkerToHostMessage;
    }
    used += count;
    if (used === buffer.length) {
      full.push(buffer);
      buffer = Buffer.allocUnsafeSlow(1024 * 1024);
      used = 0;
    }
  }
}

/** Watches for what the worker says after the hand-over, without keeping the process alive. */
export function watchInput(on: { stop: (message: StopMessage) => void; gone: () => void }): void {
  let text = "";
  const socket = new (net().Socket)({ fd: hostInputDescriptor, readable: true, writable: false });
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const message = JSON.parse(text.slice(0, end)) as WorkerToHostMessage;
      text = text.slice(end + 1);
      if (message.type === "stop") on.stop(message);
    }
  });
  socket.on("end", on.gone);
  socket.on("error", on.gone);
  if (rest.length > 0) socket.unshift(rest);
  socket.unref();
}

function joined(full: Buffer[], last: Buffer): string {
  return Buffer.concat([...full, last]).toString("utf8");
}
