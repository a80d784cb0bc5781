import type { EndedMessage, JobException, RecordMessage } from "../../src/contract/host/host-messages.ts";
import type { JournalEntry, JournalItem } from "../../src/contract/journal.ts";
import type { StreamName } from "../../src/contract/stream.ts";
import { recordTextLength, structuredValueBytes } from "../../src/contract/stream.ts";
import { partialLineDelay, RawOutput } from "../hosts/raw-output.ts";
import type { ServiceClock } from "../link/service-clock.ts";
import type { Masker } from "../masking/masker.ts";
import { StreamMasker } from "../masking/masker.ts";
import { boundedEnd, boundedException } from "./bounded-end.ts";
import { boundedValue } from "./bounded-value.ts";

/** Takes each finished record: its number, and all of it (a `StreamRecord`) as JSON. */
export type RecordListener = (number: number, json: string) => void;

/** A structured value may be a little larger than its text form was judged to be in the host. */
const largestValue = 2 * structuredValueBytes;

/** Characters of a step's result as JSON that are shown beside it; a longer one is kept, and not shown. */
const longestShownResult = 16 * 1024;

/** What a record costs of the limit beyond its text and value, in bytes: about what its number, time and row take. */
const recordOverhead = 64;

/** No record is older than this when it comes, in milliseconds, whatever a script says. */
const greatestAge = 60 * 60 * 1000;

export interface RecordPipelineOptions {
  /** Of the job; it may learn of further secrets. */
  masker: Masker;
  clock: ServiceClock;
  outputLimit: number;
  listener: RecordListener;
  batchOver: () => void;
  /** What a timer brought could not be told. */
  fault: (error: unknown) => void;
}

/**
 * What becomes of all that one attempt says: standard output and error into lines, secrets masked, long texts split,
 * output over the limit cut, numbers and the service's time given.
 */
export class RecordPipeline {
  readonly #listener: RecordListener;
  readonly #masker: Masker;
  readonly #clock: ServiceClock;
  readonly #outputLimit: number;
  readonly #stdout: RawOutput;
  readonly #stderr: RawOutput;
  readonly #options: RecordPipelineOptions;
  /** Of each stream whose last record goes on. */
  readonly #continued = new Map<StreamName, StreamMasker>();
  #releaseTimer: NodeJS.Timeout | null = null;
  #number = 0;
  #bytes = 0;
  #cut = false;

  constructor(options: RecordPipelineOptions) {
    this.#options = options;
    this.#listener = options.listener;
    this.#masker = options.masker;
    this.#clock = options.clock;
    this.#outputLimit = options.outputLimit;
    const raw = (stream: StreamName): RawOutput =>
      new RawOutput(new StreamMasker(this.#masker), (text, continued) => this.#emitRaw(stream, text, continued));
    this.#stdout = raw("Output");
    this.#stderr = raw("Error");
  }

  stdout(chunk: Buffer): void {
    this.#stdout.write(chunk);
  }

  stderr(chunk: Buffer): void {
    this.#stderr.write(chunk);
  }

  /** A record that the host made. */
  record(message: RecordMessage): void {
    const text = this.#maskPiece(message.stream, message.text, message.continued === true);
    const { value, cut } = boundedValue(message.value);
    const isCut = cut || message.cut === true;
    this.#emit(
      message.stream,
      this.#timeOf(message.time),
      text,
      this.#masker.value(value, isCut),
      isCut,
      message.continued === true,
    );
  }

  /** A record of the worker's own, which no limit cuts. */
  notice(stream: "Warning" | "Error", text: string): void {
    this.#number++;
    this.#tell(stream, this.#clock.now(), this.#masker.text(text), "", false, false);
  }

  /** How an entry of the journal may be shown to anybody. */
  shownEntry({ name, result, wait }: JournalEntry): NonNullable<JournalItem["shown"]> {
    const shown = result === undefined ? undefined : boundedValue(result);
    const value = shown === undefined ? undefined : this.#masker.value(shown.value, shown.cut);
    const isShort = value !== undefined && JSON.stringify(value).length <= longestShownResult;
    return {
      name: this.#masker.text(String(name)),
      ...(isShort ? { result: value } : {}),
      ...(wait?.message === undefined ? {} : { message: this.#masker.text(String(wait.message)) }),
    };
  }

  /** No more comes: what is still open is a line too. */
  end(): void {
    this.#stdout.end();
    this.#stderr.end();
    if (this.#releaseTimer !== null) clearTimeout(this.#releaseTimer);
    for (const [stream, masker] of this.#continued) {
      const text = masker.write("", true);
      if (text !== "") this.#emitRaw(stream, text, false);
    }
    this.#continued.clear();
  }

  /** What the host says of the end, without secrets and of bounded size. */
  maskEnd(ended: EndedMessage): EndedMessage {
    return boundedEnd(ended, this.#masker);
  }

  maskException(exception: JobException): JobException {
    return boundedException(exception, this.#masker);
  }

  /** What a host says is believed as far as it can be: JSON knows `1e999`, and a script may write its own records. */
  #timeOf(time: number): number {
    const now = this.#clock.now();
    if (!Number.isFinite(time)) return now;
    return Math.min(now, Math.max(now - greatestAge, Math.round(this.#clock.translate(time))));
  }

  #maskPiece(stream: StreamName, text: string, continued: boolean): string {
    if (this.#masker.matcher === null) return text;
    let masker = this.#continued.get(stream);
    if (masker === undefined) {
      if (!continued) return this.#masker.text(text);
      masker = new StreamMasker(this.#masker);
      this.#continued.set(stream, masker);
    }
    if (!continued) this.#continued.delete(stream);
    const shown = masker.write(text, !continued);
    if (masker.holds) this.#releaseTimer ??= setTimeout(() => this.#release(), partialLineDelay);
    return shown;
  }

  /** What only may be the beginning of a secret is not held back for longer than a line that is not over. */
  #release(): void {
    this.#releaseTimer = null;
    for (const [stream, masker] of this.#continued) {
      const text = masker.release();
      if (text !== "") this.#emitRaw(stream, text, true);
    }
  }

  /** A piece of text without a structure; of one that a timer brought nobody else says that it came. */
  #emitRaw(stream: StreamName, text: string, continued: boolean): void {
    try {
      this.#emit(stream, this.#clock.now(), text, undefined, false, continued);
      if (continued) this.#options.batchOver();
    } catch (error) {
      this.#options.fault(error);
    }
  }

  #emit(stream: StreamName, time: number, text: string, value: unknown, cut: boolean, continued: boolean): void {
    if (this.#cut) return;
    let valueText = value === undefined ? "" : JSON.stringify(value);
    let valueCut = cut;
    if (valueText.length > largestValue) {
      valueText = "";
      valueCut = true;
    }
    this.#bytes += Buffer.byteLength(text) + valueText.length + recordOverhead;
    if (this.#bytes > this.#outputLimit) {
      this.#cut = true;
      this.notice(
        "Warning",
        `The output was cut after ${this.#outputLimit} bytes, the runbook's limit; the job goes on without it.`,
      );
      return;
    }
    let start = 0;
    while (text.length - start > recordTextLength) {
      const end = endOfPart(text, start + recordTextLength);
      this.#number++;
      this.#tell(stream, time, text.slice(start, end), "", false, true);
      start = end;
    }
    this.#number++;
    this.#tell(stream, time, start === 0 ? text : text.slice(start), valueText, valueCut, continued);
  }

  #tell(stream: StreamName, time: number, text: string, valueText: string, cut: boolean, continued: boolean): void {
    const number = this.#number;
    let json = `{"number":${number},"stream":"${stream}","time":${time},"text":${JSON.stringify(text)}`;
    if (valueText !== "") json += `,"value":${valueText}`;
    if (cut) json += ',"cut":true';
    json += continued ? ',"continued":true}' : "}";
    this.#listener(number, json);
  }
}

/** Not between the two halves of a surrogate pair. */
function endOfPart(text: string, end: number): number {
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? end - 1 : end;
}
