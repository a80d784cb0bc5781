import { readFileSync } from "node:fs";

/** Of all time that the processors have: less than this idle, and whoever starts something takes time from who runs. */
const littleIdle = 0.15;
/** What is measured over less than this tells little, over more than that tells of the past, in milliseconds. */
const shortest = 100;
const longest = 3_000;

interface Times {
  at: number;
  idle: number;
  all: number;
}

/** Whether the processors of this machine, all of them, have time to spare; measured when somebody asks. */
export class ProcessorWatch {
  #before: Times | null = null;
  #scarce = false;

  /** Whether nearly all time of the processors was used lately; false where that is not known. */
  get areScarce(): boolean {
    const now = performance.now();
    if (this.#before !== null && now - this.#before.at < shortest) return this.#scarce;
    const times = readTimes(now);
    const before = this.#before;
    this.#before = times;
    this.#scarce =
      before !== null &&
      times !== null &&
      now - before.at < longest &&
      times.idle - before.idle < littleIdle * (times.all - before.all);
    return this.#scarce;
  }
}

/** Of proc(5), /proc/stat: time by kind since the machine started; the fourth is idle, the fifth waits for disks. */
function readTimes(at: number): Times | null {
  try {
    const text = readFileSync("/proc/stat", "latin1");
    const fields = text.slice(0, text.indexOf("\n")).trim().split(/\s+/).slice(1, 9).map(Number);
    const all = fields.reduce((sum, time) => sum + time, 0);
    return Number.isFinite(all) ? { at, idle: (fields[3] ?? 0) + (fields[4] ?? 0), all } : null;
  } catch {
    return null;
  }
}
