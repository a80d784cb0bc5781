/** What stands in place of a secret, whatever its length. */
export const maskText = "********";

/** Replaces secrets in texts and values of one job. */
export class Masker {
  readonly #pattern: RegExp;
  readonly #secrets: readonly string[];
  readonly #prefixes: ReadonlySet<string>;
  readonly #longest: number;

  /** @param secrets Longest first, none empty. */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
    this.#pattern = new RegExp(secrets.map((secret) => RegExp.escape(secret)).join("|"), "g");
    this.#longest = secrets[0]?.length ?? 0;
    // First characters that a secret may start with: most ends of a text need no closer look.
    this.#prefixes = new Set(secrets.map((secret) => secret.charAt(0)));
  }

  /** The text without secrets. */
  text(text: string): string {
    return text.replace(this.#pattern, maskText);
  }

  /** The value without secrets: every text in it, and every number that is one. */
  value(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number") return this.#secrets.includes(String(value)) ? maskText : value;
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [this.text(key), this.value(member)]));
  }

  /**
   * Masks what of a text that goes on can be judged already.
   *
   * @returns the masked beginning, and the rest, in which a secret may have begun: it belongs before what comes next.
   */
  beginning(text: string): { masked: string; rest: string } {
    let cut = this.#startOfUnfinished(text);
    // A secret that is found across the cut may itself be the beginning of a longer one.
    for (const match of text.matchAll(this.#pattern)) {
      if (match.index >= cut) break;
      if (match.index + match[0].length > cut) {
        cut = match.index;
        break;
      }
    }
    return { masked: this.text(text.slice(0, cut)), rest: text.slice(cut) };
  }

  /** Where the longest end of the text starts that is the beginning of a secret and not all of it. */
  #startOfUnfinished(text: string): number {
    for (let start = Math.max(0, text.length - this.#longest + 1); start < text.length; start++) {
      if (!this.#prefixes.has(text.charAt(start))) continue;
      const end = text.slice(start);
      if (this.#secrets.some((secret) => secret.length > end.length && secret.startsWith(end))) return start;
    }
    return text.length;
  }
}

/** Masks one text that comes in pieces, so that a secret across pieces is found. */
export class StreamMasker {
  readonly #masker: Masker;
  #rest = "";

  constructor(masker: Masker) {
    this.#masker = masker;
  }

  /** @param last Nothing follows this piece, so nothing is held back. */
  write(piece: string, last: boolean): string {
    const text = this.#rest + piece;
    if (last) {
      this.#rest = "";
      return this.#masker.text(text);
    }
    const { masked, rest } = this.#masker.beginning(text);
    this.#rest = rest;
    return masked;
  }
}
