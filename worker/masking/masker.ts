import { brokenSecrets, shortenedSecrets, union } from "./formatted-text.ts";
import { formsOf, leastSecretLength } from "./secret-forms.ts";
import type { MatcherState, Ranges } from "./secret-matcher.ts";
import { addRange, SecretMatcher } from "./secret-matcher.ts";

/** What stands in place of a secret, whatever its length; in place of several that overlap, once. */
export const maskText = "********";

/** Replaces secrets in texts and values of one job. Costs nothing while there is none. */
export class Masker {
  readonly #secrets = new Set<string>();
  #matcher: SecretMatcher | null = null;

  /** @param secrets Those that are too short to be masked are left out. */
  constructor(secrets: Iterable<string> = []) {
    this.add(secrets);
  }

  /** Masks further secrets, in all their forms, in what is read from now on. */
  add(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      if (this.#secrets.has(secret)) continue;
      this.#secrets.add(secret);
      for (const form of formsOf(secret)) {
        this.#matcher ??= new SecretMatcher();
        this.#matcher.add(form);
      }
    }
  }

  /** Null while there is nothing to mask. */
  get matcher(): SecretMatcher | null {
    return this.#matcher;
  }

  /** What it takes memory for: characters of all forms of all secrets. */
  get size(): number {
    return this.#matcher?.size ?? 0;
  }

  /**
   * The text without secrets; also without those that a formatter broke over two lines, and without the beginnings of those that it
   * shortened (`…`).
   *
   * @param isCut it may be cut at its end: then the beginning of a secret there is one
   */
  text(text: string, isCut = false): string {
    const matcher = this.#matcher;
    if (matcher === null) return text;
    const found: Ranges = [];
    const state = matcher.read(text, 0, 0, found);
    const open = isCut ? matcher.openLength(state) : 0;
    if (open >= leastSecretLength) addRange(found, text.length - open, text.length);
    const formatted = [...brokenSecrets(text, matcher), ...shortenedSecrets(text, matcher, leastSecretLength)];
    return withMasks(text, formatted.length === 0 ? found : union([...found, ...formatted]));
  }

  /**
   * The value, of bounded depth, without secrets: every text in it, and every number that is a secret. Names of members stay:
   * a secret that is a common word would take the data its form.
   *
   * @param isCut texts in it may be cut at their ends
   */
  value(value: unknown, isCut = false): unknown {
    return this.#matcher === null ? value : this.#masked(value, isCut);
  }

  #masked(value: unknown, isCut: boolean): unknown {
    if (typeof value === "string") return this.text(value, isCut);
    if (typeof value === "number") return this.#secrets.has(String(value)) ? maskText : value;
    if (Array.isArray(value)) return value.map((item) => this.#masked(item, isCut));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.#masked(member, isCut)]));
  }
}

function withMasks(text: string, secrets: Ranges): string {
  if (secrets.length === 0) return text;
  let masked = "";
  let shown = 0;
  for (const [start, end] of secrets) {
    masked += text.slice(shown, start) + maskText;
    shown = end;
  }
  return masked + text.slice(shown);
}

/**
 * Masks one text that comes in pieces, so that a secret across pieces is found. What may be the beginning of a secret is
 * held back until it is known, or `release` is called; never more than the longest secret.
 */
export class StreamMasker {
  readonly #masker: Masker;
  #state: MatcherState = 0;
  /** What is not shown yet, and where in the whole text it starts. */
  #held = "";
  #heldFrom = 0;
  /** The mask of what lies before this place is shown already. */
  #maskedUntil = 0;
  /** Secrets in what is held. */
  #found: Ranges = [];

  constructor(masker: Masker) {
    this.#masker = masker;
  }

  /** Something is held back. */
  get holds(): boolean {
    return this.#held !== "";
  }

  /** @param last Nothing follows this piece, so nothing is held back; a further piece begins a new text. */
  write(piece: string, last: boolean): string {
    const { matcher } = this.#masker;
    if (matcher === null) return piece;
    const pieceFrom = this.#heldFrom + this.#held.length;
    const state = matcher.read(piece, this.#state, pieceFrom, this.#found);
    this.#state = last ? 0 : state;
    this.#held += piece;
    return this.#showUntil(pieceFrom + piece.length - (last ? 0 : matcher.openLength(state)));
  }

  /**
   * What has been held back for long enough: whatever is the beginning of less than half of a secret. Of a secret that goes on
   * all the same, the rest is masked.
   */
  release(): string {
    const { matcher } = this.#masker;
    if (matcher === null) return "";
    return this.#showUntil(this.#heldFrom + this.#held.length - matcher.mostlyOpenLength(this.#state));
  }

  /** No secret that is still to be found starts before the place, unless what is before it was shown already. */
  #showUntil(place: number): string {
    let shown = "";
    const later: Ranges = [];
    for (const range of this.#found) {
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
    this.#held = this.#held.slice(Math.max(0, place - this.#heldFrom));
    this.#heldFrom = Math.max(this.#heldFrom, place);
    this.#found = later;
    return shown;
  }

  /** The text between two places, as far as it is held. */
  #between(start: number, end: number): string {
    return this.#held.slice(Math.max(0, start - this.#heldFrom), Math.max(0, end - this.#heldFrom));
  }
}
