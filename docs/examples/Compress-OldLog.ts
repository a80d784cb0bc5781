import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { progress } from "runsmith";

/**
 * Compresses the logs of a folder that are older than a number of days, and removes compressed ones that are too old.
 *
 * The service account needs the right to write in the folder, and the runbook a grant for it, such as
 * `npx runsmith set-runbook Compress-OldLog --grant path:/var/log/shop:rw`.
 *
 * @needs path:/var/tmp:rw
 */
export default async function ({
  folder,
  ending = ".log",
  compressAfterDays = 1,
  removeAfterDays = 30,
  dryRun = false,
}: {
  /** The folder to tidy; not the folders in it. */
  folder: string;
  /** How the names of the logs end. */
  ending?: string;
  /**
   * Age in days from which on a log is compressed.
   * @minimum 0
   */
  compressAfterDays?: number;
  /**
   * Age in days from which on a compressed log is removed.
   * @minimum 0
   */
  removeAfterDays?: number;
  /** Only tell what would be done. */
  dryRun?: boolean;
}) {
  const report = { compressed: 0, removed: 0, savedBytes: 0 };
  const names = (await readdir(folder)).toSorted();
  for (const [index, name] of names.entries()) {
    progress({ activity: `Tidying ${folder}`, status: name, percent: (100 * index) / names.length });
    const path = join(folder, name);
    const { size, mtime, mtimeMs } = await stat(path);
    const days = (Date.now() - mtimeMs) / 86_400_000;
    if (name.endsWith(ending) && days >= compressAfterDays) {
      console.log(`compress ${name} (${size} bytes, ${Math.floor(days)} days old)`);
      report.compressed++;
      if (!dryRun) report.savedBytes += size - (await compress(path, mtime));
    } else if (name.endsWith(`${ending}.gz`) && days >= removeAfterDays) {
      console.log(`remove ${name} (${Math.floor(days)} days old)`);
      report.removed++;
      if (!dryRun) await rm(path);
    }
  }
  return report;
}

/** The log is removed only after its compressed form is complete under its final name. */
async function compress(path: string, modified: Date): Promise<number> {
  const unfinished = `${path}.gz.unfinished`;
  await pipeline(createReadStream(path), createGzip({ level: 9 }), createWriteStream(unfinished));
  await utimes(unfinished, modified, modified);
  await rename(unfinished, `${path}.gz`);
  await rm(path);
  return (await stat(`${path}.gz`)).size;
}
