import type { StreamName } from "../../../src/contract/stream.ts";
import { StringDecoder, Writable } from "./builtins.ts";
import { emitRecord } from "./records.ts";

/** A line that is not ended is emitted after this time, in milliseconds. */
const partialLineDelay = 100;

/** A line that is not ended is emitted when it is longer than this, in UTF-16 units. */
const partialLineLength = 64 * 1024;

let lineStreams: LineStream[] = [];

/**
 * Gives the script a `process.stdout` and a `process.stderr` whose lines become Output and Error records, in order with
 * the console's. Each is made when it is first used.
 */
export function replaceStandardStreams(): void {
  for (const [name, descriptor, stream] of [
    ["stdout", 1, "Output"],
    ["stderr", 2, "Error"],
  ] as const) {
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        let made = lineStreams.find(({ fd }) => fd === descriptor);
        if (made === undefined) {
          made = new LineStream(stream, descriptor);
          lineStreams.push(made);
        }
        return made;
      },
    });
  }
}

/** Lets go of the streams that a script used: the next one gets its own. */
export function forgetStandardStreams(): void {
  lineStreams = [];
}

/** Emits the lines that are begun and not ended. `isEnd`: they do not go on. */
export function flushPartialLines(isEnd = false): void {
  for (const stream of lineStreams) stream.flush(isEnd);
}

class LineStream extends Writable {
  readonly fd: number;
  readonly #stream: StreamName;
  readonly #decoder = new StringDecoder("utf8");
  #partial = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: StreamName, descriptor: number) {
    // A line of output is written when `write` returns, as to a file: nothing is lost at `process.exit`.
    super({ decodeStrings: false, emitClose: false, autoDestroy: false });
    this.fd = descriptor;
    this.#stream = stream;
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: () => void): void {
    const isText = typeof chunk === "string" && encoding !== "hex" && encoding !== "base64" && encoding !== "base64url";
    this.#add(isText ? chunk : this.#decoder.write(Buffer.from(chunk as string, encoding)));
    callback();
  }

  flush(isEnd = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#partial;
    if (text === "") return;
    this.#partial = "";
    emitRecord(this.#stream, text, undefined, !isEnd);
  }

  #add(text: string): void {
    for (const other of lineStreams) if (other !== this) other.flush();
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      const line = this.#partial + text.slice(start, end);
      this.#partial = "";
      emitRecord(this.#stream, line.endsWith("\r") ? line.slice(0, -1) : line);
      start = end + 1;
    }
    this.#partial += text.slice(start);
    if (this.#partial.length > partialLineLength) this.flush();
    if (this.#partial === "") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setTimeout(() => this.flush(), partialLineDelay).unref();
    }
  }
}
