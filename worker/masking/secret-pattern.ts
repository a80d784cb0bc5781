/** As many first characters are looked for by the engine's own search: few enough that its worst case costs nothing. */
const headLength = 8;

/** Where secrets were found: half-open ranges `[start, end)`. */
export type Ranges = [start: number, end: number][];

/**
 * Finds one secret in a text that may come in pieces, in time linear in the text whatever the secret is (Knuth, Morris,
 * Pratt 1977). A regular expression would have a greatest size, and would tell the secret in its error.
 */
export class SecretPattern {
  readonly #secret: string;
  readonly #head: string;
  /** Per matched length, the longest shorter beginning of the secret with which the matched part ends; made when needed. */
  #borders: Int32Array | null = null;

  /** @param secret Not empty. */
  constructor(secret: string) {
    this.#secret = secret;
    this.#head = secret.slice(0, headLength);
  }

  /**
   * Reads the next piece.
   *
   * @param matched Characters of the secret with which the pieces before ended: what the call before returned, or 0.
   * @param offset Where the piece starts in the whole text.
   * @param found Takes the ranges of the whole text that are the secret.
   * @returns with how many characters of the secret, not all of them, the text ends now
   */
  read(piece: string, matched: number, offset: number, found: Ranges): number {
    const secret = this.#secret;
    const head = this.#head;
    let at = 0;
    let mayHoldHead = true;
    let length = matched;
    while (at < piece.length) {
      if (length === 0 && mayHoldHead) {
        const start = piece.indexOf(head, at);
        if (start >= 0) {
          at = start + head.length;
          length = head.length;
        } else {
          // Only the end can be the beginning of a head.
          mayHoldHead = false;
          at = Math.max(at, piece.length - head.length + 1);
          continue;
        }
      } else {
        const borders = this.#bordersOfSecret();
        const unit = piece.charCodeAt(at++);
        while (length > 0 && secret.charCodeAt(length) !== unit) length = borders[length] ?? 0;
        if (secret.charCodeAt(length) === unit) length++;
      }
      if (length === secret.length) {
        add(found, offset + at - length, offset + at);
        length = this.#bordersOfSecret()[length] ?? 0;
      }
    }
    return length;
  }

  #bordersOfSecret(): Int32Array {
    if (this.#borders !== null) return this.#borders;
    const secret = this.#secret;
    const borders = new Int32Array(secret.length + 1);
    let length = 0;
    for (let at = 1; at < secret.length; at++) {
      while (length > 0 && secret.charCodeAt(at) !== secret.charCodeAt(length)) length = borders[length] ?? 0;
      if (secret.charCodeAt(at) === secret.charCodeAt(length)) length++;
      borders[at + 1] = length;
    }
    this.#borders = borders;
    return borders;
  }
}

/** The ranges of several patterns in order, none overlapping the next. */
export function merge(ranges: Ranges): Ranges {
  const merged: Ranges = [];
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0])) add(merged, start, end);
  return merged;
}

/** Adds a range; one that starts within the last is joined with it, so that a list in order has none that overlap. */
function add(ranges: Ranges, start: number, end: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && start >= last[0] && start < last[1]) last[1] = Math.max(last[1], end);
  else ranges.push([start, end]);
}
