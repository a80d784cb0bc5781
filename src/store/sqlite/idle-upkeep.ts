import type { DatabaseSync } from "node:sqlite";

/** Milliseconds without a write after which the writer counts as idle. */
const idleAfter = 1_000;

/** Milliseconds between two looks at the planner's statistics. */
const optimizeEvery = 3_600_000;

/** Free pages are given back to the file system when they exceed this number and a tenth of the file … */
const freePagesKept = 4_096;

/** … this many at a time: some milliseconds of work. */
const freePagesStep = 128;

/**
 * What the writer does for its file while nobody asks it for anything: keeping the planner's statistics current and giving free
 * pages back, in steps that a request waits for at most one of.
 */
export class IdleUpkeep {
  readonly #database: DatabaseSync;
  readonly #timer: NodeJS.Timeout;
  #worked = false;
  #optimizedAt = performance.now();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#timer = setInterval(() => this.#look(), idleAfter).unref();
  }

  /** To be called with each write. */
  noteWork(): void {
    this.#worked = true;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#worked = true;
  }

  #look(): void {
    if (this.#worked) {
      this.#worked = false;
      return;
    }
    this.#step();
  }

  #step(): void {
    if (this.#worked) {
      return;
    }
    try {
      if (performance.now() - this.#optimizedAt >= optimizeEvery) {
        this.#optimizedAt = performance.now();
        this.#database.exec("PRAGMA optimize");
      }
      if (this.#givesPagesBack()) {
        this.#database.exec(`PRAGMA incremental_vacuum(${freePagesStep})`);
        setImmediate(() => this.#step());
      }
    } catch {
      // A full or broken disk: the next request meets it too, and there is somebody to tell then.
    }
  }

  #givesPagesBack(): boolean {
    const free = this.#number("PRAGMA freelist_count");
    return free > freePagesKept && free > this.#number("PRAGMA page_count") / 10;
  }

  #number(pragma: string): number {
    return Number(Object.values(this.#database.prepare(pragma).get() ?? {})[0] ?? 0);
  }
}
