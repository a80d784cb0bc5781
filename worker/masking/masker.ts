import type { Ranges } from "./secret-pattern.ts";
import { merge, SecretPattern } from "./secret-pattern.ts";

/** What stands in place of a secret, whatever its length; in place of several that overlap, once. */
export const maskText = "********";

/** Replaces secrets in texts and values of one job. */
export class Masker {
  readonly patterns: readonly SecretPattern[];
  readonly #secrets: ReadonlySet<string>;

  /** @param secrets None empty. */
  constructor(secrets: readonly string[]) {
    this.#secrets = new Set(secrets);
    this.patterns = [...this.#secrets].map((secret) => new SecretPattern(secret));
  }

  /** The text without secrets. */
  text(text: string): string {
    const found: Ranges = [];
    for (const pattern of this.patterns) pattern.read(text, 0, 0, found);
    if (found.length === 0) return text;
    let masked = "";
    let shown = 0;
    for (const [start, end] of merge(found)) {
      masked += text.slice(shown, start) + maskText;
      shown = end;
    }
    return masked + text.slice(shown);
  }

  /**
   * The value, of bounded depth, without secrets: every text in it, and every number that is a secret. Names of members stay:
   * a secret that is a common word would take the data its form.
   */
  value(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number") return this.#secrets.has(String(value)) ? maskText : value;
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.value(member)]));
  }
}

/**
 * Masks one text that comes in pieces, so that a secret across pieces is found. What may be the beginning of a secret is
 * held back until it is known; never more than the longest secret.
 */
export class StreamMasker {
  readonly #patterns: readonly SecretPattern[];
  /** Per pattern, with how many characters of it the text ends. */
  readonly #matched: Int32Array;
  /** What is not shown yet, and where in the whole text it starts. */
  #held = "";
  #heldFrom = 0;
  /** The mask of what lies before this place is shown already. */
  #maskedUntil = 0;
  /** Secrets in what is held. */
  #found: Ranges = [];

  constructor(masker: Masker) {
    this.#patterns = masker.patterns;
    this.#matched = new Int32Array(this.#patterns.length);
  }

  /** @param last Nothing follows this piece, so nothing is held back; a further piece begins a new text. */
  write(piece: string, last: boolean): string {
    const pieceFrom = this.#heldFrom + this.#held.length;
    const end = pieceFrom + piece.length;
    let longest = 0;
    for (const [index, pattern] of this.#patterns.entries()) {
      const matched = pattern.read(piece, this.#matched[index] ?? 0, pieceFrom, this.#found);
      this.#matched[index] = last ? 0 : matched;
      if (matched > longest) longest = matched;
    }
    this.#held += piece;
    return this.#showUntil(last ? end : end - longest);
  }

  /** No secret that is still to be found starts before the place. */
  #showUntil(place: number): string {
    let shown = "";
    const later: Ranges = [];
    for (const range of merge(this.#found)) {
      const [start, end] = range;
      if (start >= place) {
        later.push(range);
        continue;
      }
      // One that overlaps what is masked already goes under the same mask.
      if (start >= this.#maskedUntil) shown += this.#between(this.#maskedUntil, start) + maskText;
      this.#maskedUntil = Math.max(this.#maskedUntil, end);
    }
    shown += this.#between(this.#maskedUntil, place);
    this.#held = this.#held.slice(place - this.#heldFrom);
    this.#heldFrom = place;
    this.#found = later;
    return shown;
  }

  /** The text between two places, as far as it is held. */
  #between(start: number, end: number): string {
    return this.#held.slice(Math.max(0, start - this.#heldFrom), Math.max(0, end - this.#heldFrom));
  }
}
