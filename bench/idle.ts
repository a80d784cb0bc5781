import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type Figure, figure, report } from "./support/figures.ts";
import { pwshOrNull } from "./support/reference.ts";
import { startSystem } from "./support/system.ts";

/* Memory of an idle system: each process's proportional set size (what is shared is divided among its users). */

const bench = "idle";
const goals: Record<string, number> = { service: 120, "node host": 12, "pwsh host": 90 };

const pwsh = await pwshOrNull();
const system = await startSystem();
try {
  await delay(20_000);
  const figures: Figure[] = [];
  for (const { name, mebibytes } of await measure(system.pid)) {
    const goal = goals[name];
    figures.push(
      figure(bench, name, "PSS", "MB", mebibytes, null, goal === undefined ? null : { of: "value", atMost: goal }),
    );
  }
  const expected = ["service", "worker", "node host", ...(pwsh === null ? [] : ["pwsh host"])];
  for (const name of expected.filter((each) => !figures.some((line) => line.case === each)))
    figures.push(figure(bench, name, "PSS", "MB", Number.NaN, null, { of: "value", atMost: goals[name] ?? 0 }));
  report(figures);
} finally {
  await system.stop();
}

/** Every process below `ancestor` by what it is. */
async function measure(ancestor: number): Promise<{ name: string; mebibytes: number }[]> {
  const parents = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const status = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(status)?.[1];
    if (parent !== undefined) parents.set(Number(entry), Number(parent));
  }
  const below = (pid: number): boolean => pid === ancestor || (parents.has(pid) && below(parents.get(pid) ?? 0));
  const found: { name: string; mebibytes: number }[] = [];
  for (const pid of [...parents.keys()].filter(below)) {
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
    const pss = /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1];
    const name = nameOf(commandLine);
    if (pss !== undefined && name !== null) found.push({ name, mebibytes: (Number(pss) * 1024) / 1e6 });
  }
  return found.toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Wrappers of the sandbox are small and not told apart. */
function nameOf(commandLine: string[]): string | null {
  const text = commandLine.join(" ");
  if (/^\S*bwrap /.test(text)) return null;
  if (/^\S*pwsh/.test(text)) return "pwsh host";
  if (/runtime\/.*host/.test(text)) return "node host";
  if (/guard/.test(text)) return "guard";
  if (/ worker /.test(text)) return "worker";
  if (/service\.(ts|js)/.test(text)) return "service";
  return null;
}
