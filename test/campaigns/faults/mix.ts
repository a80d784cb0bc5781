import type { RunbookSettings } from "../../../src/contract/api/runbook.ts";
import type { RunbookKind } from "../../../src/contract/runbook-kind.ts";
import { counting } from "../../faults/counting.ts";

/** A runbook of the storm. */
export interface MixedRunbook {
  kind: RunbookKind;
  source: string;
  settings: Partial<RunbookSettings>;
  /** How many of all jobs are its, from 0 to 1. */
  share: number;
}

/** How many jobs of `limited` may run at once. */
export const concurrencyLimit = 3;

const stopGrace = 1_000;

/** Each job of `reused` says on which host it is, when by that host's own clock, and what it finds of others. */
const reused = `import { existsSync, writeFileSync } from "node:fs";
import { job } from "runsmith";

const file = "/tmp/left";
const host = "host " + performance.timeOrigin;

export default async function ({ lines, pace }: { lines: number; pace: number }) {
  const found = [globalThis["left"], process.env["LEFT"], existsSync(file) ? file : undefined].filter((one) => one !== undefined);
  console.log(host + " from " + performance.now() + " found " + found.length);
  globalThis["left"] = job.id;
  process.env["LEFT"] = job.id;
  writeFileSync(file, job.id);
  for (let line = 1; line <= lines; line++) {
    console.log("line " + line + " of " + lines);
    await new Promise((resolve) => setTimeout(resolve, pace));
  }
  console.log(host + " until " + performance.now());
}
`;

const durable = `import { job, sleepUntil, step } from "runsmith";

export default async function ({ steps, pace, waits }: { steps: number; pace: number; waits: boolean }) {
  process.title = "runsmith-attempt:" + job.id + "/" + job.attempt;
  for (let number = 1; number <= steps; number++) {
    await step("step " + number, async () => {
      console.log("does step " + number + " of " + steps);
      await new Promise((resolve) => setTimeout(resolve, pace));
      return number;
    });
    if (waits && number === 1) await sleepUntil(Date.now() + 300);
  }
}
`;

const powerShell = `param([int] $Lines, [int] $Pace)
foreach ($line in 1..$Lines) {
    Write-Warning "before line $line"
    "line $line of $Lines"
    Start-Sleep -Milliseconds $Pace
}
`;

/** By name, the runbooks whose jobs the storm consists of. */
export const mix = {
  once: { kind: "TypeScript", source: counting, settings: { attempts: 1, stopGrace }, share: 0.36 },
  again: { kind: "TypeScript", source: counting, settings: { attempts: 3, stopGrace }, share: 0.365 },
  reused: {
    kind: "TypeScript",
    source: reused,
    settings: { attempts: 3, stopGrace, isolation: "runbook" },
    share: 0.1,
  },
  durable: { kind: "TypeScript", source: durable, settings: { attempts: 3, stopGrace }, share: 0.1 },
  limited: {
    kind: "TypeScript",
    source: counting,
    settings: { attempts: 3, stopGrace, concurrencyLimit, concurrencyPolicy: "wait" },
    share: 0.06,
  },
  "power-shell": { kind: "PowerShell", source: powerShell, settings: { attempts: 3, stopGrace }, share: 0.015 },
} satisfies Record<string, MixedRunbook>;

export type MixName = keyof typeof mix;

export const mixNames = Object.keys(mix) as MixName[];
