import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * What a test may need of the machine beyond the project itself, and how to see whether it is there:
 * each answers with null, or with the reason why it is not.
 */
const probes = {
  bubblewrap: () => {
    const probe = spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "true"], { encoding: "utf8" });
    if (probe.error !== undefined) return "bubblewrap is not installed";
    return probe.status === 0 ? null : `bubblewrap makes no namespaces here: ${probe.stderr.trim()}`;
  },
  pwsh: () => (powerShellPath() === null ? "no pwsh on PATH (or in RUNSMITH_PWSH)" : null),
  root: () => (process.getuid?.() === 0 ? null : "needs to run as root"),
  dotnet: () => {
    const probe = spawnSync("dotnet", ["--list-sdks"], { encoding: "utf8" });
    if (probe.error !== undefined) return "the .NET SDK is not installed";
    return /^(?:1\d|[2-9]\d)\./m.test(probe.stdout) ? null : "needs the .NET SDK 10 or later";
  },
  mssql: () => (process.env.RUNSMITH_TEST_MSSQL ? null : "RUNSMITH_TEST_MSSQL names no SQL Server"),
} satisfies Record<string, () => string | null>;

export type Requirement = keyof typeof probes;

const required = (process.env.RUNSMITH_TEST_REQUIRE ?? "").split(",").filter((name) => name !== "");
for (const name of required) {
  if (!(name in probes)) throw new Error(`--require knows ${Object.keys(probes).join(", ")}; not ${name}`);
}

const known = new Map<Requirement, string | null>();

/**
 * Options for `test` or `describe` that skip it, with the reason, where the machine lacks something it needs:
 *
 *     test("pwsh's own formatter writes the text", skipUnless("pwsh", "bubblewrap"), async () => { … });
 *     test("…", { ...skipUnless("root"), timeout: 30_000 }, async () => { … });
 *
 * Under `npm test -- --require pwsh,mssql` it throws instead when one of these is missing, which fails the file.
 */
export function skipUnless(...needed: Requirement[]): { skip: string | false } {
  for (const requirement of needed) {
    const missing = reasonFor(requirement);
    if (missing === null) continue;
    if (required.includes(requirement)) throw new Error(`required by --require ${requirement}: ${missing}`);
    return { skip: missing };
  }
  return { skip: false };
}

/** Where PowerShell is: `RUNSMITH_PWSH`, else `pwsh` on PATH, else null. */
export function powerShellPath(): string | null {
  const named = process.env.RUNSMITH_PWSH;
  const candidates = named ? [named] : (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "pwsh"));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function reasonFor(requirement: Requirement): string | null {
  let reason = known.get(requirement);
  if (reason === undefined) {
    reason = probes[requirement]();
    known.set(requirement, reason);
  }
  return reason;
}
