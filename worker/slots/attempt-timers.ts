/** The longest time that a timer can wait, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** What is to happen of an attempt after some time, unless it is over before. */
export class AttemptTimers {
  #timers: NodeJS.Timeout[] = [];

  /** @param milliseconds any number of them */
  after(milliseconds: number, action: () => void): void {
    const timer =
      milliseconds > longestTimer
        ? setTimeout(() => this.after(milliseconds - longestTimer, action), longestTimer)
        : setTimeout(action, milliseconds);
    this.#timers.push(timer);
  }

  clear(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}
