import type { SingleBar } from "cli-progress";

/** Milliseconds between two lines where nobody can see a bar. */
const lineEvery = 10_000;

/**
 * How far a long command is, on standard error: a bar on a terminal; elsewhere, as in a log, a line every ten seconds.
 * Call `stop` when it is over.
 */
export class StepProgress {
  readonly #stream: NodeJS.WriteStream;
  #bar: SingleBar | null = null;
  #step = "";
  #toldAt = performance.now();

  /** @param stream Where it is shown. */
  static async open(stream: NodeJS.WriteStream = process.stderr): Promise<StepProgress> {
    const progress = new StepProgress(stream);
    if (stream.isTTY) {
      const { default: cliProgress } = await import("cli-progress");
      progress.#bar = new cliProgress.SingleBar(
        {
          format: "{step} {bar} {percentage} % {detail}",
          stream,
          barsize: 24,
          hideCursor: true,
          clearOnComplete: true,
          gracefulExit: false,
          linewrap: false,
        },
        cliProgress.Presets.shades_classic,
      );
    }
    return progress;
  }

  private constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** @param share From 0 to 1. */
  show(step: string, share: number, detail = ""): void {
    const percent = Math.floor(100 * share);
    if (this.#bar !== null) {
      const payload = { step, detail };
      if (this.#step === "") this.#bar.start(100, percent, payload);
      else this.#bar.update(percent, payload);
    } else if (performance.now() - this.#toldAt >= lineEvery) {
      this.#toldAt = performance.now();
      this.#stream.write(`${step}: ${percent} %${detail === "" ? "" : `, ${detail}`}\n`);
    }
    this.#step = step;
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}
