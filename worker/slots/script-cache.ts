/** Scripts by their hash, the ones used last, up to a number of characters. */
export class ScriptCache {
  readonly #most: number;
  readonly #scripts = new Map<string, string>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(hash: string): string | undefined {
    const script = this.#scripts.get(hash);
    if (script !== undefined) {
      // A Map keeps the order of insertion: last used is last.
      this.#scripts.delete(hash);
      this.#scripts.set(hash, script);
    }
    return script;
  }

  set(hash: string, script: string): void {
    const former = this.#scripts.get(hash);
    if (former !== undefined) this.#size -= former.length;
    this.#scripts.delete(hash);
    this.#scripts.set(hash, script);
    this.#size += script.length;
    for (const [oldest, text] of this.#scripts) {
      if (this.#size <= this.#most || oldest === hash) return;
      this.#scripts.delete(oldest);
      this.#size -= text.length;
    }
  }
}
