import type { Logger } from "../contract/logger.ts";

/** Something done again and again in the background: never twice at once, and a failure is logged and tried again. */
export class Duty {
  readonly #name: string;
  readonly #interval: number;
  readonly #work: (isStopped: () => boolean) => Promise<void>;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #working: Promise<void> = Promise.resolve();

  /** @param interval milliseconds between the end of one time and the next */
  constructor(name: string, interval: number, work: (isStopped: () => boolean) => Promise<void>, logger: Logger) {
    this.#name = name;
    this.#interval = interval;
    this.#work = work;
    this.#logger = logger;
  }

  start(): void {
    if (!this.#stopped) {
      this.#timer = setTimeout(() => {
        this.#working = this.#workOnce().finally(() => this.start());
      }, this.#interval);
      this.#timer.unref();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  async #workOnce(): Promise<void> {
    try {
      await this.#work(() => this.#stopped);
    } catch (error) {
      this.#logger.error(`${this.#name} failed`, { error: String(error) });
    }
  }
}
