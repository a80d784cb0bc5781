import type { ChildProcess } from "node:child_process";
import type { Analysis } from "../contract/analysis.ts";
import { analysisMemoryLimit, analysisTimeLimit } from "../contract/analysis.ts";
import { emptySignature } from "../contract/signature.ts";
import type { AnalysisReply, AnalysisRequest } from "../language/typescript/analysis-messages.ts";
import { startAnalysisProcess } from "../language/typescript/start-analysis-process.ts";

/** The process is ended when nothing was asked of it for this long, in milliseconds. */
const defaultIdleTime = 30_000;

export interface AnalysisProcessOptions {
  /** Milliseconds that one analysis may take. */
  timeLimit?: number;
  /** Bytes of heap. */
  memoryLimit?: number;
  /** Milliseconds. */
  idleTime?: number;
  /** The program to fork; another one in tests of hangs and crashes. */
  entry?: string;
}

interface Waiting {
  request: AnalysisRequest;
  resolve: (analysis: Analysis | null) => void;
}

/**
 * Analyses TypeScript in a process of its own, one script after the other, so that the compiler's memory and whatever
 * a script does to it stay out of the service.
 *
 * The process is started by the first script and ended when idle. While it works, a timer runs; a process that exceeds
 * it, or ends by itself, gives the script a problem in place of an analysis, and the next script gets a new process.
 * A process that had served others before may have ended on its own account, so its script is tried once more in a new one.
 */
export class AnalysisProcess {
  readonly #options: Required<Omit<AnalysisProcessOptions, "entry">> & { entry?: string };
  readonly #queue: Waiting[] = [];
  #child: ChildProcess | null = null;
  #current: Waiting | null = null;
  /** Whether the current script has a process that served others before. */
  #isReused = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: AnalysisProcessOptions = {}) {
    this.#options = {
      timeLimit: analysisTimeLimit,
      memoryLimit: analysisMemoryLimit,
      idleTime: defaultIdleTime,
      ...options,
    };
  }

  /**
   * Never rejects: a hang or a crash is a problem of severity `error` in the analysis (`unfinishedAnalysisCodes`).
   * Null when the process was closed before it could end.
   */
  analyse(name: string, source: string): Promise<Analysis | null> {
    return new Promise((resolve) => {
      this.#queue.push({ request: { name, source }, resolve });
      this.#next();
    });
  }

  /** Ends the process; what waits, and whatever comes later, is answered with null. */
  close(): void {
    this.#closed = true;
    this.#child?.kill("SIGKILL");
    for (const waiting of this.#queue.splice(0)) {
      waiting.resolve(null);
    }
  }

  #next(): void {
    if (this.#current !== null) {
      return;
    }
    clearTimeout(this.#timer);
    const waiting = this.#queue.shift();
    if (waiting === undefined) {
      this.#timer = setTimeout(() => this.#endIdle(), this.#options.idleTime);
      this.#timer.unref();
      return;
    }
    if (this.#closed) {
      waiting.resolve(null);
      return;
    }
    this.#current = waiting;
    this.#timer = setTimeout(() => this.#exceeded(), this.#options.timeLimit);
    this.#isReused = this.#child !== null;
    const child = this.#child ?? this.#start();
    child.send(waiting.request, (error) => {
      if (error !== null) {
        child.kill("SIGKILL");
      }
    });
  }

  #start(): ChildProcess {
    const child = startAnalysisProcess(this.#options.memoryLimit, this.#options.entry);
    this.#child = child;
    child.on("message", (reply) => {
      if (this.#child === child) {
        this.#finish((reply as AnalysisReply).analysis);
      }
    });
    const gone = () => {
      if (this.#child === child) {
        this.#child = null;
        this.#gone();
      }
    };
    child.on("exit", gone);
    child.on("error", gone);
    // An idle one must not keep the service alive.
    child.unref();
    child.channel?.unref();
    return child;
  }

  /** The next script must not be sent to a process that is about to end. */
  #endIdle(): void {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }

  #gone(): void {
    if (this.#current !== null && this.#isReused && !this.#closed) {
      this.#queue.unshift(this.#current);
      this.#current = null;
      this.#next();
    } else {
      this.#finish(this.#closed ? null : crashed());
    }
  }

  #exceeded(): void {
    const child = this.#child;
    this.#child = null;
    child?.kill("SIGKILL");
    this.#finish(timedOut(this.#options.timeLimit));
  }

  #finish(analysis: Analysis | null): void {
    const current = this.#current;
    this.#current = null;
    clearTimeout(this.#timer);
    current?.resolve(analysis);
    if (current !== null || this.#queue.length > 0) {
      this.#next();
    }
  }
}

function timedOut(timeLimit: number): Analysis {
  return unfinished(
    "analysis-timed-out",
    `The script could not be analysed within ${timeLimit / 1000} s. Save it again to try once more; if it fails again, make its parameter type simpler, or split the script.`,
  );
}

function crashed(): Analysis {
  return unfinished(
    "analysis-crashed",
    "The analysis of the script ran out of memory or crashed. Save it again to try once more; if it fails again, make its parameter type simpler, or split the script.",
  );
}

function unfinished(code: string, message: string): Analysis {
  return {
    signature: emptySignature,
    needs: [],
    problems: [{ line: 1, column: 1, severity: "error", code, message }],
    synopsis: "",
    executable: null,
  };
}
