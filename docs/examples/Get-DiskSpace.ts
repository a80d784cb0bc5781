import { statfs } from "node:fs/promises";
import { progress } from "runsmith";

interface FileSystem {
  mountPoint: string;
  totalGiB: number;
  freeGiB: number;
  usedPercent: number;
  level: "ok" | "warning" | "critical" | "unreadable";
}

/**
 * Reports how full file systems are, and fails when one is over the critical threshold.
 *
 * A job sees only the folders it was granted. Grant more with
 * `npx runsmith set-runbook Get-DiskSpace --grant "path:/var path:/home"`.
 *
 * @needs path:/var
 */
export default async function ({
  mountPoints = ["/usr", "/var"],
  warningPercent = 80,
  criticalPercent = 95,
}: {
  /** Folders whose file systems are looked at. */
  mountPoints?: string[];
  /**
   * Used space, in percent, from which on a warning is written.
   * @minimum 0
   * @maximum 100
   */
  warningPercent?: number;
  /**
   * Used space, in percent, from which on the job fails.
   * @minimum 0
   * @maximum 100
   */
  criticalPercent?: number;
}) {
  const fileSystems: FileSystem[] = [];
  for (const [index, mountPoint] of mountPoints.entries()) {
    progress({ activity: "Reading file systems", status: mountPoint, percent: (100 * index) / mountPoints.length });
    const fileSystem = await describe(mountPoint, warningPercent, criticalPercent);
    fileSystems.push(fileSystem);
    if (fileSystem.level === "unreadable") console.warn(`${mountPoint} cannot be read: is it granted?`);
    else if (fileSystem.level !== "ok") console.warn(`${mountPoint} is ${fileSystem.usedPercent} % full`);
    console.log(fileSystem);
  }
  const critical = fileSystems.filter(({ level }) => level === "critical");
  if (critical.length > 0) throw new Error(`Nearly full: ${critical.map(({ mountPoint }) => mountPoint).join(", ")}`);
  return { checked: fileSystems.length, warnings: fileSystems.filter(({ level }) => level !== "ok").length };
}

async function describe(mountPoint: string, warningPercent: number, criticalPercent: number): Promise<FileSystem> {
  try {
    const { bsize, blocks, bavail } = await statfs(mountPoint);
    const usedPercent = blocks === 0 ? 0 : Math.round(100 * (1 - bavail / blocks));
    return {
      mountPoint,
      totalGiB: gibibytes(blocks * bsize),
      freeGiB: gibibytes(bavail * bsize),
      usedPercent,
      level: usedPercent >= criticalPercent ? "critical" : usedPercent >= warningPercent ? "warning" : "ok",
    };
  } catch {
    return { mountPoint, totalGiB: 0, freeGiB: 0, usedPercent: 0, level: "unreadable" };
  }
}

function gibibytes(bytes: number): number {
  return Math.round((bytes / 2 ** 30) * 10) / 10;
}
