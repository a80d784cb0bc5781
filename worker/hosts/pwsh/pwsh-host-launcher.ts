import { realpath } from "node:fs/promises";
import type { HostProgram } from "../../sandbox/host-program.ts";
import type { HostLauncher } from "../host-launcher.ts";
import { buildPwshHost } from "./build-pwsh-host.ts";
import { findPwsh } from "./find-pwsh.ts";

const mebibyte = 1024 * 1024;

/**
 * What pwsh does when the library did not take over (`StartupHook.cs`), as when .NET is configured to run no start-up hooks.
 * The host then ends at once, and says why.
 */
const withoutHook = "[Console]::Error.WriteLine('pwsh did not run the start-up hook of the host'); exit 70";

/** Offers the PowerShell of this machine, with the host's library compiled into the runtime folder. */
export const pwshHostLauncher: HostLauncher = {
  kind: "pwsh",
  async prepare(runtimeDirectory: string): Promise<HostProgram | { missing: string }> {
    const pwsh = await findPwsh();
    if ("missing" in pwsh) return pwsh;
    const files = await buildPwshHost(pwsh, await realpath(runtimeDirectory));
    return {
      kind: "pwsh",
      version: pwsh.version,
      command: pwsh.executable,
      arguments: ["-NoProfile", "-NonInteractive", "-NoLogo", "-Command", withoutHook],
      environment: {
        DOTNET_STARTUP_HOOKS: files.library,
        DOTNET_EnableDiagnostics: "0",
        // Counting calls to compile them better later costs more than it gains in a process that lives for one script.
        DOTNET_TieredPGO: "0",
        // No thread for collecting garbage beside the script.
        DOTNET_gcConcurrent: "0",
        POWERSHELL_TELEMETRY_OPTOUT: "1",
        POWERSHELL_UPDATECHECK: "Off",
        // No pipe in /tmp by which other processes could attach.
        POWERSHELL_DIAGNOSTICS_OPTOUT: "1",
        PSModuleAnalysisCachePath: files.moduleCache,
        ...(pwsh.withoutIcu ? { DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" } : {}),
      },
      directEnvironment: { RUNSMITH_HOST_PREWARM: "no" },
      readOnlyPaths: [pwsh.folder, files.folder],
      leastDataLimit: 256 * mebibyte,
    };
  },
};
