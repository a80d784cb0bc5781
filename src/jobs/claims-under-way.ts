/** Which claims have begun, in their order, and which of them are over. */
export class ClaimsUnderWay {
  readonly #open = new Set<number>();
  #begun = 0;

  /** How many have begun. */
  get begun(): number {
    return this.#begun;
  }

  /** @returns the claim, for `end` */
  begin(): number {
    this.#begun += 1;
    this.#open.add(this.#begun);
    return this.#begun;
  }

  /** It gave all that it will give. */
  end(claim: number): void {
    this.#open.delete(claim);
  }

  /** Whether the first so many are over. */
  areOver(count: number): boolean {
    const [oldest] = this.#open;
    return oldest === undefined || oldest > count;
  }
}
