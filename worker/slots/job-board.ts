import type {
  AttemptReference,
  CarriedChild,
  RunJobFrame,
  WelcomeFrame,
  WorkerControlFrame,
} from "../../src/contract/link/control-frames.ts";
import type { AttemptEnd } from "../../src/contract/link/records-frames.ts";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { hostKindOf } from "../../src/contract/runbook-kind.ts";
import { keyOf } from "../link/attempt-key.ts";
import type { RecordsLink } from "../link/records-link.ts";
import { leaseLost } from "./attempt-end.ts";
import type { AttemptDependencies } from "./attempt-run.ts";
import { AttemptRun } from "./attempt-run.ts";
import { ScriptCache } from "./script-cache.ts";

export interface JobBoardOptions {
  /** Jobs at once, of all kinds together. */
  slots: number;
  /** Jobs at once of a kind of host, where that is bounded. */
  kindSlots: Partial<Record<HostKind, number>>;
  records: RecordsLink;
  dependencies: AttemptDependencies;
  offers(kind: "node" | "pwsh"): boolean;
  send(frame: WorkerControlFrame): void;
  /** An attempt was not taken; nothing more is told of it. */
  declined(attempt: AttemptReference): void;
  /** An attempt is not running any more: a slot may be free. */
  changed(): void;
}

/** Characters of scripts that are kept for further jobs. */
const scriptCacheSize = 64 * 1024 * 1024;

/** Why a job is declined between the end of a lease and the next one. */
const leaseHasLapsed = "the worker's lease has lapsed";

/** The worker's slots: which attempts run, and what the service wants of them. */
export class JobBoard {
  readonly #options: JobBoardOptions;
  readonly #scripts = new ScriptCache(scriptCacheSize);
  readonly #runs = new Map<string, AttemptRun>();
  /** Attempts that cannot start before their script has come. */
  readonly #scriptless = new Map<string, RunJobFrame>();
  #draining = false;

  constructor(options: JobBoardOptions) {
    this.#options = options;
  }

  get freeSlots(): number {
    if (this.#draining || this.#options.dependencies.leaseLapsed()) return 0;
    const waiting = [...this.#runs.values()].filter((run) => run.isWaiting).length;
    return Math.max(0, this.#options.slots - this.#runs.size - this.#scriptless.size + waiting);
  }

  get isEmpty(): boolean {
    return this.#runs.size === 0 && this.#scriptless.size === 0;
  }

  running(): Iterable<AttemptRun> {
    return this.#runs.values();
  }

  /** A job was pushed. */
  take(frame: RunJobFrame): void {
    const key = keyOf(frame);
    if (this.#runs.has(key) || this.#scriptless.has(key)) return;
    if (this.#hasNewer(frame)) {
      this.#options.declined(frame);
      return;
    }
    const refusal = this.#refusal(frame);
    if (refusal !== null) {
      this.#decline(frame, refusal);
      return;
    }
    this.#dropOlder(frame);
    if (frame.script !== null) this.#scripts.set(frame.scriptHash, frame.script);
    const script = this.#scripts.get(frame.scriptHash);
    if (script === undefined) {
      this.#scriptless.set(key, frame);
      this.#askForScript(frame);
    } else this.#start(frame, script);
  }

  scriptCame(hash: string, script: string): void {
    this.#scripts.set(hash, script);
    for (const [key, frame] of this.#scriptless) {
      if (frame.scriptHash !== hash) continue;
      this.#scriptless.delete(key);
      this.#start(frame, script);
    }
  }

  stop(attempt: AttemptReference, reason: string, force: boolean): void {
    const waiting = this.#scriptless.get(keyOf(attempt));
    if (waiting !== undefined) {
      this.#scriptless.delete(keyOf(attempt));
      this.#options.records.open(attempt, () => {});
      this.#options.records.end(attempt, {
        outcome: "Stopped",
        reason: "stopped",
        endedAt: this.#options.dependencies.clock.now(),
      });
      this.#options.changed();
    }
    this.#runs.get(keyOf(attempt))?.stop(reason, force);
  }

  /** Asks the attempt to end as suspended; one that waits for its script is asked when it runs. */
  suspend(attempt: AttemptReference): void {
    this.#runs.get(keyOf(attempt))?.suspend();
  }

  /** The attempt is not this worker's any more. */
  drop(attempt: AttemptReference): void {
    const key = keyOf(attempt);
    this.#scriptless.delete(key);
    this.#runs.get(key)?.drop();
    this.#options.records.forget(attempt);
    this.#options.changed();
  }

  /** A new link stands: the service has said which attempts go on. */
  welcome(frame: WelcomeFrame): void {
    const keep = new Set(frame.keep.map(keyOf));
    for (const [key, { order }] of this.#runs) if (!keep.has(key)) this.drop(order);
    for (const [key, waiting] of this.#scriptless) {
      if (keep.has(key)) this.#askForScript(waiting);
      else this.drop(waiting);
    }
    // Also of those that are over here, and whose end was not acknowledged.
    for (const attempt of this.#options.records.attempts())
      if (!keep.has(keyOf(attempt))) this.#options.records.forget(attempt);
  }

  /** Ends every job, because the worker has no right to them any more; those that have not started may start elsewhere. */
  leaseLost(): void {
    for (const run of this.#runs.values()) run.fail(leaseLost);
    const waiting = [...this.#scriptless.values()];
    this.#scriptless.clear();
    for (const frame of waiting) this.#decline(frame, leaseHasLapsed);
  }

  /** Takes no more jobs. */
  drain(): void {
    this.#draining = true;
    this.#options.changed();
  }

  /** Kills what runs; tells nothing of it. */
  async close(): Promise<void> {
    const over = [...this.#runs.values()].map((run) => {
      run.drop();
      return run.over;
    });
    await Promise.all(over);
  }

  #decline(frame: RunJobFrame, reason: string): void {
    this.#options.send({ type: "job-declined", jobId: frame.jobId, attempt: frame.attempt, reason });
    this.#options.declined(frame);
    this.#options.changed();
  }

  #refusal(frame: RunJobFrame): string | null {
    if (this.#draining) return "the worker is draining";
    // The loss of a lease ends what runs at that moment: what starts later, nothing would end.
    if (this.#options.dependencies.leaseLapsed()) return leaseHasLapsed;
    if (!this.#options.offers(hostKindOf[frame.runbook.kind]))
      return `the worker offers no hosts for ${frame.runbook.kind} runbooks`;
    if (this.#taken(null) >= this.#options.slots) return "every slot of the worker is taken";
    const kindSlots = this.#options.kindSlots[hostKindOf[frame.runbook.kind]];
    if (kindSlots !== undefined && this.#taken(hostKindOf[frame.runbook.kind]) >= kindSlots)
      return `every slot of the worker for ${frame.runbook.kind} is taken`;
    return null;
  }

  /**
   * Slots of a kind of host, or of all, that are taken. The service counts them; what has waited for another job does not count here, as
   * the service may have given its slot away a moment before it heard that the wait is over.
   */
  #taken(kind: HostKind | null): number {
    const running = [...this.#runs.values()].filter((run) => !run.hasWaited).map(({ order }) => order.runbook.kind);
    const waiting = [...this.#scriptless.values()].map(({ runbook }) => runbook.kind);
    return [...running, ...waiting].filter((other) => kind === null || hostKindOf[other] === kind).length;
  }

  /** A hand-over that was overtaken: the service has given up that attempt by now. */
  #hasNewer({ jobId, attempt }: AttemptReference): boolean {
    return this.#attemptsOf(jobId).some((other) => other.attempt > attempt);
  }

  /** Never two attempts of one job: a newer one means that the service has given up the older. */
  #dropOlder({ jobId, attempt }: AttemptReference): void {
    for (const other of this.#attemptsOf(jobId)) if (other.attempt < attempt) this.drop(other);
  }

  #attemptsOf(jobId: string): AttemptReference[] {
    const orders = [...this.#runs.values()].map(({ order }) => order);
    return [...orders, ...this.#scriptless.values()].filter((order) => order.jobId === jobId);
  }

  /** Texts that this link has carried before are in the cache, or are asked for when they are called. */
  #withScript(child: CarriedChild): CarriedChild {
    if (child.script !== null) this.#scripts.set(child.scriptHash, child.script);
    return { ...child, script: child.script ?? this.#scripts.get(child.scriptHash) ?? null };
  }

  #askForScript({ jobId, scriptHash }: RunJobFrame): void {
    this.#options.send({ type: "script-needed", jobId, scriptHash });
  }

  #start(frame: RunJobFrame, script: string): void {
    const { jobId, attempt } = frame;
    const reference = { jobId, attempt };
    const { records, dependencies } = this.#options;
    const key = keyOf(frame);
    let run: AttemptRun | undefined;
    records.open(
      reference,
      (hasCredit) => (hasCredit ? run?.resume() : run?.pause()),
      (sequence) => run?.journalStored(sequence),
    );
    run = new AttemptRun(
      {
        jobId,
        attempt,
        runbook: { name: frame.runbook.name, kind: frame.runbook.kind },
        script,
        parameters: frame.parameters,
        parameterSchemas: frame.parameterSchemas,
        secrets: frame.secrets ?? [],
        journal: frame.journal ?? [],
        checkpoint: frame.checkpoint ?? null,
        children: (frame.children ?? []).map((child) => this.#withScript(child)),
        logs: frame.logs,
        grants: frame.grants,
        timeLimit: frame.timeLimit,
        stopGrace: frame.stopGrace,
        outputLimit: frame.outputLimit,
        reuseKey: frame.reuseKey ?? null,
      },
      dependencies,
      {
        running: (times) => records.begin(reference, times),
        record: (number, json) => records.append(reference, number, json),
        journal: (item) => records.keep(reference, item),
        batchOver: () => records.flush(reference),
        scriptOver: () => records.expectEnd(reference),
        ended: (end: AttemptEnd) => records.end(reference, end),
      },
    );
    this.#runs.set(key, run);
    this.#options.changed();
    void run.over.then(() => {
      this.#runs.delete(key);
      this.#options.changed();
    });
  }
}
