import { hostOutputDescriptor } from "../../../src/contract/host/host-messages.ts";
import { writeSync } from "./builtins.ts";
import { exitProcess } from "./exit-process.ts";

/** The exit code of a host that cannot reach its worker any more (sysexits.h, EX_SOFTWARE). */
export const unreachableExitCode = 70;

const scratch = Buffer.allocUnsafeSlow(32 * 1024);
const waiting = new Int32Array(new SharedArrayBuffer(4));
let silenced = false;

/**
 * Writes one line to the worker. Returns when the kernel has all of it: a worker that does not read holds the script back,
 * so nothing gathers in the host. Ends the process when there is no worker.
 */
export function writeLine(json: string): void {
  if (silenced) return;
  if (json.length * 3 < scratch.length) {
    const length = scratch.write(json, 0, "utf8");
    scratch[length] = 10;
    writeAll(scratch, length + 1);
  } else {
    const line = Buffer.from(`${json}\n`);
    writeAll(line, line.length);
  }
}

/** Runs `action` with the channel closed: what it writes goes nowhere. For warming up. */
export async function withoutOutput(action: () => Promise<void>): Promise<void> {
  silenced = true;
  try {
    await action();
  } finally {
    silenced = false;
  }
}

function writeAll(bytes: Uint8Array, length: number): void {
  let written = 0;
  while (written < length) {
    try {
      written += writeSync(hostOutputDescriptor, bytes, written, length - written);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Someone who shares the descriptor may have made it non-blocking.
      if (code === "EAGAIN") Atomics.wait(waiting, 0, 0, 1);
      else if (code !== "EINTR") exitProcess(unreachableExitCode);
    }
  }
}
