const lineFeed = 10;

/**
 * Cuts a stream of bytes into lines, without `\n`, decoded as UTF-8 (a character is never cut, as `\n` is never a part of one).
 *
 * @param longest Bytes after which a line without an end is too long.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #onTooLong: () => void;
  readonly #longest: number;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(longest: number, onLine: (line: string) => void, onTooLong: () => void) {
    this.#longest = longest;
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
  }

  write(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      if (this.#heldBytes === 0) this.#onLine(chunk.toString("utf8", start, end));
      else {
        const line = Buffer.concat([...this.#held, chunk.subarray(start, end)]);
        this.#held = [];
        this.#heldBytes = 0;
        this.#onLine(line.toString("utf8"));
      }
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.#held.push(start === 0 ? chunk : chunk.subarray(start));
    this.#heldBytes += chunk.length - start;
    if (this.#heldBytes > this.#longest) {
      this.#held = [];
      this.#heldBytes = 0;
      this.#onTooLong();
    }
  }
}
