import { spawn } from "node:child_process";
import { findPwsh } from "../../worker/hosts/pwsh/find-pwsh.ts";

/** Of a bare process: milliseconds from spawn to its first byte, and to its end. */
export interface BareRun {
  firstByte: number;
  end: number;
}

/** Starts a program with a clean environment (`env -i PATH=…`) and times it. Throws when it cannot be started or fails. */
export function timeBareProcess(command: string, commandArguments: string[]): Promise<BareRun> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let firstByte = Number.NaN;
    const child = spawn(command, commandArguments, {
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.on("data", () => {
      if (Number.isNaN(firstByte)) firstByte = performance.now() - start;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve({ firstByte, end: performance.now() - start });
      else reject(new Error(`${command} ended with ${code}`));
    });
  });
}

/** The pwsh that jobs run in, or null with the reason printed. */
export async function pwshOrNull(): Promise<string | null> {
  const found = await findPwsh();
  if ("executable" in found) return found.executable;
  console.error(`The PowerShell cases are left out: ${found.missing}`);
  return null;
}
