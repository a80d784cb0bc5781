import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Pwsh } from "./find-pwsh.ts";
import { pwshEnvironment } from "./find-pwsh.ts";

/** What PowerShell makes of the sources in `host/`. */
export interface PwshHostFiles {
  folder: string;
  library: string;
  /** Which commands the modules beside PowerShell have, so that not every host finds it out anew. */
  moduleCache: string;
}

const sourceFolder = path.join(import.meta.dirname, "host");
const buildScript = path.join(import.meta.dirname, "build-host.ps1");
const buildTimeLimit = 120_000;

/**
 * Has PowerShell compile the host's library, once for each version of PowerShell and of the sources. Several workers may
 * do so at once: each builds in a folder of its own, and the first to be ready gives it its name.
 *
 * @throws Error with PowerShell's own words when it does not compile.
 */
export async function buildPwshHost(pwsh: Pwsh, runtimeDirectory: string): Promise<PwshHostFiles> {
  const folder = path.join(runtimeDirectory, `pwsh-host-${pwsh.version}-${await fingerprint(pwsh)}`);
  const files: PwshHostFiles = {
    folder,
    library: path.join(folder, "Runsmith.PowerShellHost.dll"),
    moduleCache: path.join(folder, "ModuleAnalysisCache"),
  };
  if (await exists(files.library)) return files;
  await mkdir(runtimeDirectory, { recursive: true, mode: 0o755 });
  const unfinished = await mkdtemp(`${folder}.`);
  try {
    await compile(pwsh, unfinished);
    for (const name of await readdir(unfinished)) await chmod(path.join(unfinished, name), 0o644);
    await chmod(unfinished, 0o755);
    await rename(unfinished, folder);
  } catch (error) {
    // Another worker was faster: what it built is the same.
    if (!(await exists(files.library))) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return files;
}

async function compile(pwsh: Pwsh, target: string): Promise<void> {
  const home = path.join(target, "home");
  await mkdir(home);
  try {
    await promisify(execFile)(
      pwsh.executable,
      ["-NoProfile", "-NonInteractive", "-NoLogo", "-File", buildScript, "-Source", sourceFolder, "-Target", target],
      { env: pwshEnvironment(home, pwsh.withoutIcu), cwd: target, timeout: buildTimeLimit },
    );
  } catch (error) {
    const { stderr, stdout, message } = error as { stderr?: string; stdout?: string; message: string };
    const words = `${stderr ?? ""}\n${stdout ?? ""}`.trim() || message;
    throw new Error(`PowerShell ${pwsh.version} could not compile the pwsh host: ${words}`, { cause: error });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Names what a build is made of: the sources, and the PowerShell that compiles and runs them. */
async function fingerprint(pwsh: Pwsh): Promise<string> {
  const hash = createHash("sha256");
  const engine = await stat(path.join(pwsh.folder, "System.Management.Automation.dll"));
  hash.update(`${pwsh.folder}\0${engine.size}\0${engine.mtimeMs}\0`);
  hash.update(await readFile(buildScript));
  for (const name of (await readdir(sourceFolder, { recursive: true }))
    .filter((each) => each.endsWith(".cs"))
    .toSorted()) {
    hash.update(`\0${name}\0`);
    hash.update(await readFile(path.join(sourceFolder, name)));
  }
  return hash.digest("hex").slice(0, 12);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
