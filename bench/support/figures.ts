/** One measured figure of a bench; with `--json` printed as an object a line. */
export interface Figure {
  bench: string;
  case: string;
  metric: string;
  unit: string;
  value: number;
  /** The same figure of the reference, measured in the same run; null where there is none. */
  reference: number | null;
  /** `value` / `reference`. */
  ratio: number | null;
  /** What must hold, such as `ratio <= 0.167`; null where the figure is only told. */
  goal: string | null;
  ok: boolean;
}

/** What a figure must hold: a bound on the value or on the ratio. */
export interface Goal {
  of: "value" | "ratio";
  atMost?: number;
  atLeast?: number;
}

/** Makes a figure and judges it by its goal. */
export function figure(
  bench: string,
  name: string,
  metric: string,
  unit: string,
  value: number,
  reference: number | null = null,
  goal: Goal | null = null,
): Figure {
  const ratio = reference === null || reference === 0 ? null : value / reference;
  return {
    bench,
    case: name,
    metric,
    unit,
    value: round(value),
    reference: reference === null ? null : round(reference),
    ratio: ratio === null ? null : round(ratio),
    goal: goal === null ? null : describe(goal),
    ok: goal === null || holds(goal, goal.of === "value" ? value : ratio),
  };
}

/** Prints the figures, as a table or as JSON lines, and sets the exit code to 1 when a goal is missed. */
export function report(figures: Figure[]): void {
  if (process.argv.includes("--json")) {
    for (const line of figures) console.log(JSON.stringify(line));
  } else {
    const rows = figures.map((line) => ({
      case: line.case,
      metric: line.metric,
      value: `${line.value} ${line.unit}`,
      reference: line.reference === null ? "" : `${line.reference} ${line.unit}`,
      ratio: line.ratio ?? "",
      goal: line.goal ?? "",
      ok: line.goal === null ? "" : line.ok ? "yes" : "NO",
    }));
    console.log(figures[0]?.bench ?? "");
    console.table(rows);
  }
  if (figures.some(({ ok }) => !ok)) process.exitCode = 1;
}

/** The value below which `share` (0 to 1) of the samples lie; nearest rank. */
export function percentile(samples: number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function describe({ of, atMost, atLeast }: Goal): string {
  return atMost === undefined ? `${of} >= ${round(atLeast ?? 0)}` : `${of} <= ${round(atMost)}`;
}

function holds({ atMost, atLeast }: Goal, measured: number | null): boolean {
  if (measured === null || Number.isNaN(measured)) return false;
  return (atMost === undefined || measured <= atMost) && (atLeast === undefined || measured >= atLeast);
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
