import type { MultiBar, SingleBar } from "cli-progress";

/** How far an activity is, from the value of a Progress record. */
export interface ProgressState {
  id: string;
  activity: string;
  status: string;
  /** 0 to 100; null when it is not known. */
  percent: number | null;
  completed: boolean;
}

/** Reads the value of a Progress record of either kind of host; null when it is none. */
export function progressOf(value: unknown): ProgressState | null {
  if (typeof value !== "object" || value === null) return null;
  const fields = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field as unknown]));
  const activity = fields.get("activity");
  if (typeof activity !== "string") return null;
  const percent = fields.get("percent") ?? fields.get("percentcomplete");
  return {
    id: String(fields.get("id") ?? fields.get("activityid") ?? 0),
    activity,
    status: String(fields.get("status") ?? fields.get("statusdescription") ?? ""),
    percent: typeof percent === "number" && percent >= 0 ? Math.min(100, percent) : null,
    completed: fields.get("completed") === true || String(fields.get("recordtype")).toLowerCase() === "completed",
  };
}

/** One bar for each activity, at the bottom of the terminal. Only for terminals: a pipe gets none. */
export class ProgressBars {
  readonly #bars = new Map<string, SingleBar>();
  #multiBar: MultiBar | null = null;

  async show(state: ProgressState): Promise<void> {
    const bar = this.#bars.get(state.id);
    if (state.completed) {
      if (bar === undefined) return;
      this.#multiBar?.remove(bar);
      this.#bars.delete(state.id);
      if (this.#bars.size === 0) this.stop();
      return;
    }
    const payload = { activity: state.activity, status: state.status, share: shareText(state.percent) };
    if (bar !== undefined) return bar.update(state.percent ?? 0, payload);
    this.#multiBar ??= await newMultiBar();
    const added = this.#multiBar.create(100, state.percent ?? 0, payload);
    if (added) this.#bars.set(state.id, added);
  }

  /** Writes text above the bars, at once; false when no bar is shown and the text is the caller's to write. */
  writeAbove(text: string): boolean {
    if (this.#multiBar === null) return false;
    this.#multiBar.log(text);
    this.#multiBar.update();
    return true;
  }

  /** Takes the bars away. */
  stop(): void {
    this.#multiBar?.stop();
    this.#multiBar = null;
    this.#bars.clear();
  }
}

async function newMultiBar(): Promise<MultiBar> {
  const { MultiBar, Presets } = await import("cli-progress");
  return new MultiBar(
    {
      format: "{activity} {bar} {share} {status}",
      stream: process.stderr,
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      // Ctrl-C belongs to the command, which detaches or stops the job.
      gracefulExit: false,
      linewrap: false,
    },
    Presets.shades_classic,
  );
}

function shareText(percent: number | null): string {
  return percent === null ? "" : `${Math.floor(percent)} %`;
}
