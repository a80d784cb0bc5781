import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A file system of limited size, in memory; only root may make one. */
export class SmallDisk implements Disposable {
  readonly path: string;
  readonly #ballast: string;

  /** @param size As mount(8) takes it, such as `64m`. */
  constructor(path: string, size: string) {
    this.path = path;
    this.#ballast = join(path, "ballast");
    mkdirSync(path, { recursive: true });
    const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0755`, "tmpfs", path], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`no file system could be mounted: ${stderr}`);
  }

  /** Bytes that are free. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Fills it until so many bytes are free; 0 fills it to the last. */
  fill(free: number): void {
    const block = Buffer.alloc(64 * 1024, 1);
    const file = openSync(this.#ballast, "a");
    try {
      while (this.free > free) writeSync(file, block, 0, Math.min(block.length, this.free - free));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives all of it back. */
  empty(): void {
    const file = openSync(this.#ballast, "w");
    ftruncateSync(file, 0);
    closeSync(file);
    rmSync(this.#ballast);
  }

  /** Whether it can be mounted here: null, or why not. */
  static possible(): string | null {
    if (process.getuid?.() !== 0) return "only root may mount a small file system";
    const probe = spawnSync("unshare", ["-m", "sh", "-c", "mount -t tmpfs none /mnt"], { encoding: "utf8" });
    return probe.status === 0 ? null : `no file system can be mounted here: ${probe.stderr.trim()}`;
  }

  [Symbol.dispose](): void {
    spawnSync("umount", ["-l", this.path]);
  }
}
