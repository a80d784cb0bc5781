import { styleText } from "node:util";
import type { StreamName } from "../../src/contract/stream.ts";
import { ProgressBars, progressOf } from "./progress-bars.ts";

/** What is printed of a record, whether it comes from the service or from a host on this machine. */
export interface PrintedRecord {
  stream: StreamName;
  text: string;
  value?: unknown;
  continued?: boolean | undefined;
}

/**
 * Prints a job's records as they come: Output on standard output as it is; all else on standard error, prefixed by its
 * stream. Progress is bars on a terminal and nothing in a pipe.
 */
export class RecordPrinter {
  readonly #bars = process.stderr.isTTY ? new ProgressBars() : null;
  readonly #streams: ReadonlySet<StreamName> | null;
  /** The stream whose text goes on in its next record, so that no prefix comes in between. */
  readonly #unfinished = new Set<StreamName>();

  /** @param streams The streams to print; all of them when null. */
  constructor(streams: ReadonlySet<StreamName> | null = null) {
    this.#streams = streams;
  }

  /** Resolves when the text is handed over, so that a slow reader slows down the one who prints. */
  async print(record: PrintedRecord): Promise<void> {
    if (this.#streams !== null && !this.#streams.has(record.stream)) return;
    if (record.stream === "Progress") {
      const state = progressOf(record.value);
      if (state !== null) await this.#bars?.show(state);
      return;
    }
    const goesOn = this.#unfinished.has(record.stream);
    if (record.continued) this.#unfinished.add(record.stream);
    else this.#unfinished.delete(record.stream);
    const text = `${record.text}${record.continued ? "" : "\n"}`;
    const alone = this.#streams?.size === 1;
    if (record.stream === "Output" || alone) return await this.#write(process.stdout, text);
    await this.#write(process.stderr, goesOn ? text : prefixed(record.stream, text));
  }

  /** Tells something about the job that is not a record of it. */
  async note(text: string): Promise<void> {
    await this.#write(process.stderr, `${paint(process.stderr, "dim", text)}\n`);
  }

  /** Takes progress bars away; to be called before the command ends. */
  stop(): void {
    this.#bars?.stop();
  }

  async #write(stream: NodeJS.WriteStream, text: string): Promise<void> {
    // Bars redraw their lines, so on a terminal they must write whatever is to stand above them.
    if (stream.isTTY && this.#bars?.writeAbove(text)) return;
    if (!stream.write(text)) await new Promise<void>((resolve) => stream.once("drain", resolve));
  }
}

const prefixes: Readonly<Partial<Record<StreamName, { prefix: string; style: Parameters<typeof styleText>[0] }>>> = {
  Error: { prefix: "ERROR: ", style: "red" },
  Warning: { prefix: "WARNING: ", style: "yellow" },
  Verbose: { prefix: "VERBOSE: ", style: "cyan" },
  Debug: { prefix: "DEBUG: ", style: "cyan" },
  Information: { prefix: "INFO: ", style: "dim" },
};

function prefixed(stream: StreamName, text: string): string {
  const { prefix, style } = prefixes[stream] ?? { prefix: "", style: "reset" };
  return paint(process.stderr, style, `${prefix}${text}`);
}

/** Colour on terminals that show it, unless NO_COLOR asks for none. */
function paint(stream: NodeJS.WriteStream, style: Parameters<typeof styleText>[0], text: string): string {
  if (!stream.isTTY) return text;
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  return `${styleText(style, body, { stream })}${text.slice(body.length)}`;
}
