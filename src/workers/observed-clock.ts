/**
 * Another machine's clock, followed by what it says now and then. Each reading was taken somewhere between question and answer, so a
 * slow answer says less, and only a jump that no delay explains is told.
 */
export class ObservedClock {
  /** Between what its time minus the monotonic clock must be; null before the first reading. */
  #offset: { least: number; most: number } | null = null;

  /**
   * @param time what it said, in milliseconds
   * @param asked by the monotonic clock
   * @param answered by the monotonic clock
   * @returns milliseconds by which it has jumped at least since the reading before; negative when it was put back
   */
  read(time: number, asked: number, answered: number): number {
    const before = this.#offset;
    const now = { least: time - answered, most: time - asked };
    this.#offset = now;
    if (before === null) {
      return 0;
    }
    if (now.least > before.most) {
      return now.least - before.most;
    }
    if (now.most < before.least) {
      return now.most - before.least;
    }
    // It stands where both may be: a slow answer makes nothing less certain.
    this.#offset = { least: Math.max(now.least, before.least), most: Math.min(now.most, before.most) };
    return 0;
  }
}
