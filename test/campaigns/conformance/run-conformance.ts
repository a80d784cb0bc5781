import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { program } from "../../../worker/hosts/pwsh/testing/pwsh-host-run.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { ConformanceHost } from "./conformance-host.ts";
import type { ConformanceScript } from "./conformance-script.ts";
import { nameOf } from "./conformance-script.ts";
import { intendedDifferences } from "./differences.ts";
import type { Printed } from "./printed.ts";
import { difference } from "./printed.ts";
import { printedByPwsh } from "./printed-by-pwsh.ts";

export interface ConformanceRun {
  /** What is not alike, by script; those on purpose are not here. */
  differences: Record<string, string>;
  /** What is not alike on purpose, by script. */
  intended: Record<string, string>;
  /** Scripts that are said to differ on purpose, and do not. */
  alikeAfterAll: string[];
  /** Scripts that ran in a host which had run others before. */
  inUsedHosts: number;
}

/**
 * Runs each script in pwsh and in hosts, and compares all that is printed.
 *
 * What differs is run once more, in a host of its own: the widths of tables hang on the time that their rows take.
 * @param concurrency Scripts at once.
 * @param keep A folder in which what pwsh printed is kept for the next time.
 */
export async function runConformance(of: {
  scripts: readonly ConformanceScript[];
  concurrency: number;
  keep?: string | undefined;
  progress?: (text: string) => void;
}): Promise<ConformanceRun> {
  await using folder = await temporaryFolder();
  const result: ConformanceRun = { differences: {}, intended: {}, alikeAfterAll: [], inUsedHosts: 0 };
  let next = 0;
  let done = 0;

  const expect = async (script: ConformanceScript, home: string): Promise<Printed> => {
    if (of.keep === undefined) return await printedByPwsh(script, home);
    const key = createHash("sha256")
      .update(JSON.stringify([script, program?.version]))
      .digest("hex");
    const file = path.join(of.keep, `${key}.json`);
    if (existsSync(file)) return JSON.parse(await readFile(file, "utf8")) as Printed;
    const printed = await printedByPwsh(script, home);
    await mkdir(of.keep, { recursive: true });
    await writeFile(file, JSON.stringify(printed));
    return printed;
  };

  const runScripts = async (place: number) => {
    const host = new ConformanceHost(path.join(folder.path, `host-${place}`));
    for (let script = of.scripts[next++]; script !== undefined; script = of.scripts[next++]) {
      const name = nameOf(script);
      const home = path.join(folder.path, `pwsh-${next}`);
      if (host.isUsed) result.inUsedHosts += 1;
      let differs = difference(await expect(script, home), await host.run(script));
      if (differs !== null && intendedDifferences[name] === undefined) {
        await host.end();
        differs = difference(await printedByPwsh(script, `${home}-again`), await host.run(script));
      }
      const reason = intendedDifferences[name];
      if (reason === undefined && differs !== null) result.differences[name] = differs;
      else if (reason !== undefined && differs !== null) result.intended[name] = reason;
      else if (reason !== undefined) result.alikeAfterAll.push(name);
      done += 1;
      of.progress?.(
        `${done} of ${of.scripts.length}: ${name}${differs === null ? "" : reason === undefined ? ` DIFFERS\n  ${differs}` : " differs on purpose"}`,
      );
    }
    await host.end();
  };
  await Promise.all(Array.from({ length: of.concurrency }, (_, place) => runScripts(place)));
  return result;
}
