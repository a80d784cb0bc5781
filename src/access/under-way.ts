/** What is being looked up, by key: who asks for the same meanwhile waits for the same answer. */
export class UnderWay<Answer> {
  readonly #byKey = new Map<string, Promise<Answer>>();

  /** The answer under way, or that of `ask`. */
  of(key: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      return known;
    }
    const asked = ask().finally(() => {
      if (this.#byKey.get(key) === asked) {
        this.#byKey.delete(key);
      }
    });
    this.#byKey.set(key, asked);
    return asked;
  }

  /** What is asked from now on is asked anew: something has changed that the answers under way may not know. */
  clear(): void {
    this.#byKey.clear();
  }
}
