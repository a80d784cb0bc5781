import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { program } from "../../../worker/hosts/pwsh/testing/pwsh-host-run.ts";
import type { ConformanceScript } from "./conformance-script.ts";
import type { Printed } from "./printed.ts";
import { comparable } from "./printed.ts";

/** Seconds after which a script is ended that does not end by itself. */
const timeLimit = 90;

/**
 * What `pwsh -NoProfile -NonInteractive -File` prints on a terminal of 120 columns whose output is redirected. A script that
 * writes errors is run twice, for only together do output and errors have an order.
 * @param home A folder that is not there yet.
 */
export async function printedByPwsh(script: ConformanceScript, home: string): Promise<Printed> {
  await mkdir(home, { recursive: true });
  await writeFile(path.join(home, "Sample.ps1"), script.text);
  const call = `& '${path.join(home, "Sample.ps1")}' ${script.given?.arguments}\n`;
  await writeFile(path.join(home, "Call.ps1"), call);
  const file = path.join(home, script.given === null ? "Sample.ps1" : "Call.ps1");
  const [output, errors, together] = ["output", "errors", "together"].map((name) => path.join(home, name));
  assert.ok(output !== undefined && errors !== undefined && together !== undefined);

  const exitCode = await run(home, file, `>'${output}' 2>'${errors}'`);
  const texts = { output: await readFile(output, "utf8"), errors: await readFile(errors, "utf8") };
  if (texts.errors === "") return comparable({ ...texts, together: texts.output, exitCode });
  await run(home, file, `>'${together}' 2>&1`);
  return comparable({ ...texts, together: await readFile(together, "utf8"), exitCode });
}

async function run(home: string, file: string, redirection: string): Promise<number> {
  assert.ok(program !== null);
  const command = `stty cols 120 rows 50; timeout ${timeLimit} '${program.command}' -NoProfile -NonInteractive -File '${file}' ${redirection}`;
  const terminal = spawn("/usr/bin/script", ["-qec", command, "/dev/null"], {
    env: {
      PATH: "/usr/bin:/bin",
      HOME: home,
      LANG: "C.UTF-8",
      TZ: "UTC",
      NO_COLOR: "1",
      POWERSHELL_TELEMETRY_OPTOUT: "1",
    },
    cwd: "/tmp",
    stdio: "ignore",
  });
  return await new Promise((resolve, reject) =>
    terminal.once("error", reject).once("close", (code) => resolve(code ?? -1)),
  );
}
