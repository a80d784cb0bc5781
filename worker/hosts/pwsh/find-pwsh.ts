import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** A PowerShell that can serve as host. */
export interface Pwsh {
  /** Absolute path of the executable, no symbolic link on the way. */
  executable: string;
  /** `$PSHOME`: the folder that holds all of it, no symbolic link on the way. */
  folder: string;
  /** As `$PSVersionTable.PSVersion` writes it, such as `7.6.5` or `7.7.0-preview.1`. */
  version: string;
  /** The machine has no ICU: .NET then starts only when it is told to do without. */
  withoutIcu: boolean;
}

const earliestMajor = 7;
const earliestMinor = 4;
const startTimeLimit = 60_000;
const advice = "install it (https://aka.ms/powershell) or set RUNSMITH_PWSH";

/**
 * Finds PowerShell: what RUNSMITH_PWSH names, else the first `pwsh` on PATH.
 *
 * @returns the reason for a person when there is none, or it is older than 7.4, or it does not start.
 */
export async function findPwsh(environment: NodeJS.ProcessEnv = process.env): Promise<Pwsh | { missing: string }> {
  const named = environment.RUNSMITH_PWSH;
  const candidates = named ? [path.resolve(named)] : onPath(environment.PATH ?? "");
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return await examine(candidate);
  }
  return named
    ? { missing: `RUNSMITH_PWSH names ${named}, which is not an executable file` }
    : { missing: `PowerShell 7.4 or later was not found on PATH; ${advice}` };
}

/** What a PowerShell that only prepares something is started with: nothing of the worker's own. */
export function pwshEnvironment(home: string, withoutIcu: boolean): Record<string, string> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: home,
    LANG: "C.UTF-8",
    NO_COLOR: "1",
    POWERSHELL_TELEMETRY_OPTOUT: "1",
    POWERSHELL_UPDATECHECK: "Off",
    DOTNET_EnableDiagnostics: "0",
    ...(withoutIcu ? { DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" } : {}),
  };
}

async function examine(command: string): Promise<Pwsh | { missing: string }> {
  let withoutIcu = false;
  let answer: { version: string; folder: string };
  try {
    answer = await ask(command, withoutIcu);
  } catch (error) {
    if (!reasonOf(error).includes("ICU")) return { missing: `${command} does not start: ${reasonOf(error)}` };
    withoutIcu = true;
    try {
      answer = await ask(command, withoutIcu);
    } catch (again) {
      return { missing: `${command} does not start: ${reasonOf(again)}` };
    }
  }
  const [major = 0, minor = 0] = answer.version.split(".").map(Number);
  if (major < earliestMajor || (major === earliestMajor && minor < earliestMinor)) {
    return {
      missing: `PowerShell ${answer.version} at ${command} is too old: Runsmith needs 7.4 or later; ${advice}`,
    };
  }
  // The command may be a link or a wrapper, as in a snap; the program itself lies in $PSHOME.
  const folder = await realpath(answer.folder);
  const executable = path.join(folder, "pwsh");
  if (!(await isExecutable(executable))) {
    return {
      missing: `PowerShell ${answer.version} at ${command} is a .NET tool, which cannot be a host; install PowerShell itself (https://aka.ms/powershell) or set RUNSMITH_PWSH`,
    };
  }
  return { executable: await realpath(executable), folder, version: answer.version, withoutIcu };
}

async function ask(command: string, withoutIcu: boolean): Promise<{ version: string; folder: string }> {
  const { stdout } = await promisify(execFile)(
    command,
    ["-NoProfile", "-NonInteractive", "-NoLogo", "-Command", "$PSVersionTable.PSVersion.ToString(); $PSHOME"],
    { env: pwshEnvironment(tmpdir(), withoutIcu), cwd: "/", timeout: startTimeLimit },
  );
  const [version, folder] = stdout.split("\n").map((line) => line.trim());
  if (!version || !/^\d+\.\d+\./.test(version) || !folder) throw new Error("it does not tell its version");
  return { version, folder };
}

/** The first line of what went wrong. */
function reasonOf(error: unknown): string {
  const failure = error as { stderr?: string; message?: string; killed?: boolean };
  if (failure.killed) return `no answer within ${startTimeLimit / 1000} s`;
  const text = failure.stderr?.trim() || failure.message || String(error);
  return text.split("\n")[0] ?? text;
}

function onPath(search: string): string[] {
  return search
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, "pwsh"));
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
