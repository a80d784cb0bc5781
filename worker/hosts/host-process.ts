import type { Readable } from "node:stream";
import type {
  AnalyseMessage,
  AnalysisMessage,
  AssetAnswerMessage,
  AssetRequestMessage,
  EndedMessage,
  HostToWorkerMessage,
  JournalMessage,
  RecordMessage,
  RunbookAnswerMessage,
  RunbookRequestMessage,
  RunMessage,
  StepBegunMessage,
  StopMessage,
  WorkerToHostMessage,
} from "../../src/contract/host/host-messages.ts";
import type { HostAccount } from "../accounts/host-account.ts";
import { processTree } from "../sandbox/process-tree.ts";
import type { ProcessExit, ProcessIdentity, SandboxedProcess } from "../sandbox/sandbox.ts";
import { streamOver } from "../spawning/stream-closed.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { Profile } from "./profile.ts";

/** A host that says more than this in one line, in bytes, does not keep to the protocol. */
export const longestHostLine = 16 * 1024 * 1024;

/** Bytes of standard error kept from before the hand-over, to say why a host did not start. */
const keptStartText = 4096;

/** What a host says after its hand-over; everything in the order in which it was written, per descriptor. */
export interface HostListener {
  record(message: RecordMessage): void;
  ended(message: EndedMessage): void;
  analysis(message: AnalysisMessage): void;
  /** Its request may be anything that JSON can say. */
  assetRequested(message: AssetRequestMessage): void;
  /** The same of a request about other runbooks and jobs. Where nobody listens, the host waits for ever. */
  runbookRequested?(message: RunbookRequestMessage): void;
  /** It may be anything that JSON can say, but for its number. Where nobody listens, the host waits for ever. */
  journal?(message: JournalMessage): void;
  /** The same. */
  stepBegun?(message: StepBegunMessage): void;
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  /** What came with one read is told; a good moment to send it on. */
  batchOver(): void;
  /** It wrote something that is not of the protocol; nothing more of descriptor 4 is read. */
  protocolBroken(reason: string): void;
  /** The listener threw over what the host said: a fault of the worker's. Nothing more of the host is told. */
  fault(error: unknown): void;
  /** All its processes are gone and all its output is told. */
  gone?(exit: ProcessExit): void;
}

/** Holds a host's processes to limits of their own beyond the sandbox's. */
export interface Confinement {
  /** Takes the processes in, before the host gets anything to run. */
  enter(processIds: readonly number[]): Promise<void>;
  /** The processes are gone. @returns whether they were ended for using up their memory */
  leave(): Promise<boolean>;
}

/**
 * A host: starting, then ready, then handed over, then gone. One job at most in its life, unless its hand-over said `keep`:
 * then it may be ready again, and handed over again.
 * Reading can be paused: then its pipes fill, and the script waits in its write.
 */
export class HostProcess {
  readonly process: SandboxedProcess;
  readonly account: HostAccount | null;
  readonly profile: Profile;
  readonly startedAt = performance.now();
  /** Resolves when it waits for its hand-over; rejects with the reason, for a person, when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when all its processes are gone and all its output is read. */
  readonly gone: Promise<ProcessExit>;
  /** Known when it is gone: the kernel ended it for using up its memory. */
  ranOutOfMemory = false;
  readonly #confinement: Confinement | null;
  #listener: HostListener | null = null;
  #settled = false;
  /** From the end of a script that leaves nothing behind: until the host is ready again. */
  #again: PromiseWithResolvers<void> | null = null;
  #awaitsReady = false;
  #broken = false;
  #faulty = false;
  #startText = "";
  /** Why its sandbox is not to be used. */
  #refusal: unknown = null;
  #paused = false;
  #held = false;
  #exit: ProcessExit | null = null;
  readonly #splitter: LineSplitter;
  #resolveReady: () => void = () => {};

  constructor(
    sandboxed: SandboxedProcess,
    account: HostAccount | null,
    profile: Profile,
    confinement: Confinement | null = null,
  ) {
    this.process = sandboxed;
    this.#confinement = confinement;
    this.profile = profile;
    this.account = account;
    this.#splitter = new LineSplitter(
      longestHostLine,
      (line) => this.#takeLine(line),
      () => this.#breakProtocol(`It wrote a line of more than ${longestHostLine} bytes on descriptor 4.`),
    );
    this.#listen(sandboxed.output, (chunk) => {
      if (this.#broken) return;
      this.#splitter.write(chunk);
      this.#listener?.batchOver();
    });
    this.#listen(sandboxed.stdout, (chunk) => {
      if (this.#listener === null) this.#speakUnasked();
      else {
        this.#listener.stdout(chunk);
        this.#listener.batchOver();
      }
    });
    this.#listen(sandboxed.stderr, (chunk) => {
      if (this.#listener === null) {
        this.#keepStartText(chunk);
        this.#speakUnasked();
      } else {
        this.#listener.stderr(chunk);
        this.#listener.batchOver();
      }
    });
    this.gone = this.#untilGone();
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      void this.gone.then((exit) => reject(this.#refusal ?? new HostStartError(exit, this.#startText)));
    });
    // Whoever does not wait for it learns of its end by `gone`.
    this.ready.catch(() => {});
    void this.gone.then((exit) => {
      this.#exit = exit;
      this.#listener?.gone?.(exit);
    });
  }

  /** Bytes of memory of the host and all that it started. */
  memory(): number {
    return this.process.memory();
  }

  identity(): ProcessIdentity {
    return this.process.identity();
  }

  /** Gives the host what it is for; once each time that it is ready. */
  handOver(message: RunMessage | AnalyseMessage, listener: HostListener): void {
    this.#listener = listener;
    this.#again = null;
    if (this.#exit === null) this.#write(message);
    else listener.gone?.(this.#exit);
  }

  /**
   * Ends a hand-over whose host said that it keeps nothing of it; its listener hears nothing more.
   *
   * @returns when the host is ready again; never when it ends instead
   */
  release(): Promise<void> {
    this.#listener = null;
    this.#read(false, false);
    return this.#again?.promise ?? new Promise(() => {});
  }

  stop(message: StopMessage): void {
    this.#write(message);
  }

  answerAssetRequest(message: AssetAnswerMessage): void {
    this.#write(message);
  }

  /** Resolves when the host has read it, but for what fits into its pipe; or is gone. */
  answerRunbookRequest(message: RunbookAnswerMessage): Promise<void> {
    return new Promise((resolve) => this.#write(message, () => resolve()));
  }

  /** Every item of the journal up to this one is stored. */
  journalStored(sequence: number): void {
    this.#write({ type: "journal-stored", sequence });
  }

  suspend(): void {
    this.#write({ type: "suspend" });
  }

  kill(): void {
    // A paused host may be blocked in a write; what it wrote until now is still read to its end.
    this.process.kill();
  }

  pauseReading(): void {
    this.#read(true, this.#held);
  }

  resumeReading(): void {
    this.#read(false, this.#held);
  }

  /** Lets what the host says gather, until `letGo`. */
  hold(): void {
    this.#read(this.#paused, true);
  }

  letGo(): void {
    this.#read(this.#paused, false);
  }

  #read(paused: boolean, held: boolean): void {
    const was = this.#paused || this.#held;
    this.#paused = paused;
    this.#held = held;
    if (was === (paused || held)) return;
    for (const stream of this.#outputs())
      if (was) stream.resume();
      else stream.pause();
  }

  /** A worker runs many jobs: what goes wrong over the output of one ends that one. */
  #listen(stream: Readable, take: (chunk: Buffer) => void): void {
    stream.on("data", (chunk: Buffer) => {
      if (this.#faulty) return;
      try {
        take(chunk);
      } catch (error) {
        this.#faulty = true;
        if (this.#listener === null) this.kill();
        else this.#listener.fault(error);
      }
    });
  }

  #outputs() {
    return [this.process.output, this.process.stdout, this.process.stderr];
  }

  async #untilGone(): Promise<ProcessExit> {
    const exit = await this.process.exited;
    await Promise.all(this.#outputs().map(streamOver));
    if (this.#confinement !== null) this.ranOutOfMemory = await this.#confinement.leave();
    return exit;
  }

  #write(message: WorkerToHostMessage, written?: () => void): void {
    this.process.input.write(`${JSON.stringify(message)}\n`, written);
  }

  #takeLine(line: string): void {
    let message: HostToWorkerMessage;
    try {
      message = JSON.parse(line) as HostToWorkerMessage;
    } catch {
      this.#breakProtocol("It wrote something on descriptor 4 that is not a message.");
      return;
    }
    if (!this.#settled) {
      if (message?.type !== "ready") {
        this.#breakProtocol("Its first message was not `ready`.");
        return;
      }
      this.#settled = true;
      try {
        this.process.settle();
      } catch (error) {
        this.#refusal = error;
        this.kill();
        return;
      }
      if (this.#confinement === null) this.#resolveReady();
      else void this.#confinement.enter(processTree(this.process.processId)).then(this.#resolveReady);
      return;
    }
    if (this.#awaitsReady && message?.type === "ready") {
      this.#awaitsReady = false;
      this.#again?.resolve();
      return;
    }
    const listener = this.#listener;
    if (listener === null || this.#again !== null) {
      this.#breakProtocol("It spoke before its hand-over.");
      return;
    }
    if (isRecord(message)) listener.record(message);
    else if (message?.type === "ended" && outcomes.has(message.outcome)) {
      if (message.kept === true) {
        this.#again = Promise.withResolvers();
        this.#awaitsReady = true;
      }
      listener.ended(message);
    } else if (message?.type === "analysis") listener.analysis(message);
    else if (message?.type === "asset-request" && typeof message.requestId === "number")
      listener.assetRequested(message);
    else if (message?.type === "runbook-request" && typeof message.requestId === "number")
      listener.runbookRequested?.(message);
    else if (message?.type === "step-begun" && typeof message.entry === "object" && message.entry !== null)
      listener.stepBegun?.(message);
    else if (message?.type === "journal" && Number.isSafeInteger(message.sequence)) listener.journal?.(message);
    else this.#breakProtocol("It wrote something on descriptor 4 that is not a message of the protocol.");
  }

  #breakProtocol(reason: string): void {
    if (this.#broken) return;
    this.#broken = true;
    if (this.#listener === null) {
      this.#startText += reason;
      this.kill();
    } else this.#listener.protocolBroken(reason);
  }

  /** Between two jobs nothing of either is there to write. */
  #speakUnasked(): void {
    if (this.#again !== null) this.kill();
  }

  #keepStartText(chunk: Buffer): void {
    if (this.#startText.length < keptStartText) this.#startText += chunk.toString("utf8").slice(0, keptStartText);
  }
}

/** Among the lines of a stack, such as `TypeError: …` or `Unhandled exception. System.IO.IOException: …`. */
const errorLine = /^(Unhandled exception\. )?[\w.]*(Error|Exception)\b.*:/;
const longestSummary = 300;

/** A host ended before it was ready. Its message has all that it said. */
export class HostStartError extends Error {
  readonly exit: ProcessExit;
  /** What it wrote to standard error. */
  readonly text: string;
  /** How it ended and the line that says most, in one sentence. */
  readonly summary: string;
  /** It said no more than that line. */
  readonly isWhole: boolean;

  constructor(exit: ProcessExit, text: string) {
    super(
      `The host did not start: it ended with ${describeExit(exit)}${text.trim() === "" ? "" : `, saying: ${text.trim()}`}`,
    );
    this.name = "HostStartError";
    this.exit = exit;
    this.text = text;
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const line = (lines.find((each) => errorLine.test(each)) ?? lines[0] ?? "").trim().slice(0, longestSummary);
    this.summary = `it ended with ${describeExit(exit)} before it was ready${line === "" ? "." : `, saying: ${line}${/[.!?]$/.test(line) ? "" : "."}`}`;
    this.isWhole = lines.length <= 1 && line === text.trim();
  }
}

/** Such as `exit code 3` or `signal SIGKILL`. */
export function describeExit(exit: ProcessExit): string {
  return exit.signal === null ? `exit code ${exit.code ?? "unknown"}` : `signal ${exit.signal}`;
}

const outcomes: ReadonlySet<unknown> = new Set(["Completed", "Failed", "Stopped", "Suspended"]);
const streams: ReadonlySet<unknown> = new Set([
  "Output",
  "Error",
  "Warning",
  "Verbose",
  "Debug",
  "Progress",
  "Information",
]);

/** Descriptor 4 is the script's to write to if it wants to: a record is believed no further than its form. */
function isRecord(message: HostToWorkerMessage): message is RecordMessage {
  return (
    message?.type === "record" &&
    streams.has(message.stream) &&
    typeof message.text === "string" &&
    typeof message.time === "number"
  );
}
