import { StringDecoder } from "node:string_decoder";
import { recordTextLength } from "../../src/contract/stream.ts";
import type { StreamMasker } from "../masking/masker.ts";

/** After this many milliseconds a line that is not over yet is shown as far as it is; so is what only may be the beginning of a secret. */
export const partialLineDelay = 100;

/** A piece of raw output; `continued` when its line goes on in the next piece. */
export type RawPieceListener = (text: string, continued: boolean) => void;

/**
 * Makes lines of what a script (or a program that it started) writes to standard output or standard error.
 * A line that stays open is shown after `partialLineDelay`, and one without an end in pieces of bounded length.
 */
export class RawOutput {
  readonly #onPiece: RawPieceListener;
  readonly #masker: StreamMasker;
  readonly #decoder = new StringDecoder("utf8");
  #open = "";
  #timer: NodeJS.Timeout | null = null;

  /** @param masker Sees the text before it is cut into lines, as a secret may lie across them. */
  constructor(masker: StreamMasker, onPiece: RawPieceListener) {
    this.#masker = masker;
    this.#onPiece = onPiece;
  }

  write(chunk: Buffer): void {
    const text = this.#decoder.write(chunk);
    this.#take(this.#masker.write(text, false));
  }

  /** The stream is over: what is open is a line too. */
  end(): void {
    const text = this.#decoder.end();
    this.#take(this.#masker.write(text, true));
    this.#clearTimer();
    if (this.#open !== "") this.#onPiece(this.#open, false);
    this.#open = "";
  }

  #take(text: string): void {
    if (text !== "") this.#takeLines(text);
    if (this.#open !== "" || this.#masker.holds) this.#timer ??= setTimeout(() => this.#showOpen(), partialLineDelay);
  }

  #takeLines(text: string): void {
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      const whole = this.#open + line;
      this.#open = "";
      this.#onPiece(whole.endsWith("\r") ? whole.slice(0, -1) : whole, false);
    }
    if (lines.length > 0) this.#clearTimer();
    this.#open += last;
    while (this.#open.length > recordTextLength) {
      this.#onPiece(this.#open.slice(0, recordTextLength), true);
      this.#open = this.#open.slice(recordTextLength);
    }
  }

  #showOpen(): void {
    this.#timer = null;
    this.#takeLines(this.#masker.release());
    // A carriage return may be the first half of a line's end.
    const held = this.#open.endsWith("\r") ? "\r" : "";
    const shown = this.#open.slice(0, this.#open.length - held.length);
    this.#open = held;
    if (shown !== "") this.#onPiece(shown, true);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
