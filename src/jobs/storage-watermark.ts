import { statfs } from "node:fs/promises";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";

export interface StorageWatermarkOptions {
  logger: Logger;
  /** Bytes that the service may still write where the database is; null when nobody can say. */
  freeBytes: () => Promise<number | null>;
  /** Below this many bytes no further job is accepted. */
  low: number;
}

/** Default of the low watermark, bytes. */
export const defaultLowStorage = 256 * 1024 * 1024;

/** Looks this often, in milliseconds. */
const interval = 2_000;

/**
 * Knows when storage runs out. Low: no further job is accepted, so that those that run can finish. Critical (a quarter of
 * that): no large output is stored either, so that leases, ends and small output still can be.
 */
export class StorageWatermark {
  readonly #options: StorageWatermarkOptions;
  #timer: NodeJS.Timeout | undefined;
  #free: number | null = null;

  constructor(options: StorageWatermarkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), interval);
    this.#timer.unref();
    void this.look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get isLow(): boolean {
    return this.#free !== null && this.#free < this.#options.low;
  }

  get isCritical(): boolean {
    return this.#free !== null && this.#free < this.#options.low / 4;
  }

  /** @throws UserError `storage-low` (507) */
  refuseWhenLow(): void {
    if (this.isLow) {
      throw new UserError("storage-low", "The disk of the database is almost full, so no further job is accepted.", {
        status: 507,
        remedy: "Free space on the disk of the data directory, or shorten the retention of jobs.",
      });
    }
  }

  /** Looks now. */
  async look(): Promise<void> {
    const wasLow = this.isLow;
    try {
      this.#free = await this.#options.freeBytes();
    } catch (error) {
      this.#options.logger.warn("free storage could not be read", { error: String(error) });
      return;
    }
    if (this.isLow !== wasLow) {
      const fields = { freeBytes: this.#free, watermark: this.#options.low };
      if (wasLow) {
        this.#options.logger.info("storage is free again: jobs are accepted", fields);
      } else {
        this.#options.logger.error("storage is low: no further job is accepted", fields);
      }
    }
  }
}

/** Bytes that are free for this process on the disk of a folder. */
export async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
