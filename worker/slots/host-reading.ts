import type { HostProcess } from "../hosts/host-process.ts";
import type { ReadingPace } from "../hosts/reading-pace.ts";

/**
 * When an attempt's host is read from: not while records have no credit, so that the script waits in its next write; and, where jobs come
 * in quick succession, once what it says has gathered for a moment.
 */
export class HostReading {
  #host: HostProcess | null = null;
  /** Null where it is read at once. */
  #pace: ReadingPace | null = null;
  #isPaused = false;
  #wasPaused = false;

  /** Whether it ever had to wait: then more may lie in its pipes than the next look at them brings. */
  get wasPaused(): boolean {
    return this.#wasPaused;
  }

  begin(host: HostProcess, pace: ReadingPace | null): void {
    this.#host = host;
    this.#pace = pace?.isQuick() === true ? pace : null;
    this.gather();
    if (this.#isPaused) host.pauseReading();
  }

  /** What comes next is read in a moment, where it is not read at once. */
  gather(): void {
    if (this.#pace === null || this.#host === null) return;
    this.#wasPaused = true;
    this.#pace.hold(this.#host);
  }

  pause(): void {
    this.#isPaused = true;
    this.#wasPaused = true;
    this.#host?.pauseReading();
  }

  resume(): void {
    this.#isPaused = false;
    this.#host?.resumeReading();
  }

  /** The host goes on to other jobs. */
  end(): void {
    this.#host = null;
  }
}
