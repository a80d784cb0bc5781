import type { EndedMessage, JobException } from "../../src/contract/host/host-messages.ts";
import type { AttemptEnd } from "../../src/contract/link/records-frames.ts";
import type { Logger } from "../../src/contract/logger.ts";
import { haveAssets, withAssets } from "../assets/asset-parameters.ts";
import type { AssetProvider } from "../assets/asset-provider.ts";
import type { RunbookProvider } from "../children/runbook-provider.ts";
import type { HostListener, HostProcess } from "../hosts/host-process.ts";
import type { KeptHosts } from "../hosts/kept-hosts.ts";
import type { WarmPool } from "../hosts/warm-pool.ts";
import type { ServiceClock } from "../link/service-clock.ts";
import { collectSecrets } from "../masking/collect-secrets.ts";
import { Masker } from "../masking/masker.ts";
import type { ProcessExit } from "../sandbox/sandbox.ts";
import type { Ending } from "./attempt-end.ts";
import { endOfWaiting, judgeEnd, workerFault } from "./attempt-end.ts";
import { AttemptJournal } from "./attempt-journal.ts";
import type { AttemptListener } from "./attempt-listener.ts";
import { AttemptLog } from "./attempt-log.ts";
import { AttemptRequests } from "./attempt-requests.ts";
import { AttemptTimers } from "./attempt-timers.ts";
import { HostReading } from "./host-reading.ts";
import type { JobOrder } from "./job-order.ts";
import { RecordPipeline } from "./record-pipeline.ts";
import { runMessage, startWarnings } from "./run-message.ts";
import { startFailure } from "./start-failure.ts";
import type { TakenHost } from "./take-host.ts";
import { takeHost } from "./take-host.ts";

export interface AttemptDependencies {
  pool: WarmPool;
  /** Null where no job shares its host with others. */
  keptHosts: KeptHosts | null;
  assets: AssetProvider;
  runbooks: RunbookProvider;
  clock: ServiceClock;
  logger: Logger;
  /** Every job says so when nothing isolates it. */
  sandboxed: boolean;
  /** Whether the worker has lost its right to its jobs; then hosts may be dead by the hand of its guard. */
  leaseLapsed(): boolean;
}

/** A host has said that its script is over, and this many milliseconds later it is still there. */
const exitTimeLimit = 1_000;

/**
 * One attempt of a job, from waiting for a host to the truthful end.
 *
 *   waiting  --host ready-->  running  --`ended`, or the host's death-->  over
 *
 * What is wanted of it (stop, time limit, an end for a reason of the worker's) is only noted and carried out; the end itself is
 * always judged in one place, when the host and all its output are gone, or when a host that goes on to another job has
 * nothing left of it.
 */
export class AttemptRun {
  readonly order: JobOrder;
  /** Resolves when nothing of the attempt lives any more; never rejects. */
  readonly over: Promise<void>;
  readonly #dependencies: AttemptDependencies;
  readonly #listener: AttemptListener;
  readonly #log: AttemptLog;
  readonly #pipeline: RecordPipeline;
  readonly #journal: AttemptJournal;
  readonly #requests: AttemptRequests;
  readonly #reading = new HostReading();
  readonly #timers = new AttemptTimers();
  readonly #waiting = new AbortController();
  readonly #hasSecrets: boolean;
  /** Settled with null when its host goes on without it. */
  readonly #hostOver = Promise.withResolvers<ProcessExit | null>();
  #host: HostProcess | null = null;
  #handedOverAt = 0;
  #ended: EndedMessage | null = null;
  /** Why the attempt is to end before its script does; the first reason counts. */
  #ending: Ending | null = null;
  #isOver = false;
  #dropped = false;
  #isToSuspend = false;

  constructor(order: JobOrder, dependencies: AttemptDependencies, listener: AttemptListener) {
    this.order = order;
    this.#dependencies = dependencies;
    this.#listener = listener;
    const secrets = [...collectSecrets(order.parameters, order.parameterSchemas), ...order.secrets];
    this.#hasSecrets = secrets.length > 0;
    const masker = new Masker(secrets);
    this.#log = new AttemptLog(dependencies.logger, order.jobId, masker);
    const pipeline = new RecordPipeline({
      masker,
      clock: dependencies.clock,
      outputLimit: order.outputLimit,
      listener: (number, json) => {
        if (!this.#dropped) listener.record(number, json);
      },
      batchOver: () => listener.batchOver(),
      fault: (error) => this.#fault(error),
    });
    this.#pipeline = pipeline;
    this.#journal = new AttemptJournal({ pipeline, listener, fail: (exception) => this.fail(exception) });
    this.#requests = new AttemptRequests({
      order,
      assets: dependencies.assets,
      runbooks: dependencies.runbooks,
      masker,
      warn: (text) => pipeline.notice("Warning", text),
      isAsking: (host) => this.#host === host && this.#ended === null,
      answered: () => listener.batchOver(),
      fail: (exception) => this.fail(exception),
      fault: (error) => this.#fault(error),
    });
    this.over = this.#run();
  }

  /** Milliseconds since the script was handed over; 0 before. */
  get runningTime(): number {
    return this.#handedOverAt === 0 ? 0 : performance.now() - this.#handedOverAt;
  }

  /** Whether its script waits for another job: meanwhile its slot may serve others. */
  get isWaiting(): boolean {
    return this.#requests.isWaiting;
  }

  /** Whether it did so before, or does now. */
  get hasWaited(): boolean {
    return this.#requests.hasWaited;
  }

  /** Bytes of memory of its host. */
  memory(): number {
    return this.#host?.memory() ?? 0;
  }

  /** Asks the script to end, and kills it after the grace; `force` kills at once. Repeating it is harmless. */
  stop(reason: string, force: boolean): void {
    this.#askToEnd({ reason: "stopped" }, reason, force);
  }

  /** Asks the script to end as suspended at its next step. */
  suspend(): void {
    this.#isToSuspend = true;
    if (this.#ended === null) this.#host?.suspend();
  }

  /** Every item of its journal up to this one is stored. */
  journalStored(sequence: number): void {
    if (this.#ended === null && !this.#isOver) this.#host?.journalStored(sequence);
  }

  /** Kills the host for a reason of the worker's; the attempt then has failed for that reason. */
  fail(exception: JobException): void {
    this.#askToEnd({ reason: "host-lost", exception }, exception.message, true);
  }

  /** Kills the host; nothing more is told of the attempt. */
  drop(): void {
    this.#dropped = true;
    this.resume();
    this.stop("dropped", true);
  }

  /** Stops reading from the host, so that the script waits in its next write. */
  pause(): void {
    if (!this.#dropped) this.#reading.pause();
  }

  resume(): void {
    this.#reading.resume();
  }

  async #run(): Promise<void> {
    let end: AttemptEnd;
    try {
      const parameters = await this.#resolveParameters();
      const knowsSecrets = this.#hasSecrets || this.#requests.holdsSecret;
      const taken = await takeHost(this.#dependencies, this.order, knowsSecrets, this.#waiting.signal);
      const { host } = taken;
      if (this.#waiting.signal.aborted) {
        // It was told to end while its host was being found.
        host.kill();
        this.#waiting.signal.throwIfAborted();
      }
      this.#host = host;
      const readyAt = this.#dependencies.clock.now();
      this.#handOver(taken, parameters);
      this.#listener.running({ hostReadyAt: readyAt, runningAt: this.#dependencies.clock.now() });
      const exit = await this.#hostOver.promise;
      this.#timers.clear();
      this.#pipeline.end();
      end = this.#judge(host, exit);
      if (exit === null) this.#giveBack(host);
    } catch (error) {
      end = this.#host === null ? this.#endWithoutHost(error) : await this.#endByFault(this.#host, error);
    }
    this.#isOver = true;
    this.#timers.clear();
    this.#requests.close();
    if (this.#dropped) return;
    if (end.outcome === "Failed" || end.outcome === "Stopped") this.#journal.tellStepsUnderWay();
    this.#listener.ended(end);
  }

  /** With the credentials that they name. Rejects when one cannot be had, or the attempt is to end. */
  async #resolveParameters(): Promise<Record<string, unknown>> {
    const { parameters, parameterSchemas } = this.order;
    if (!haveAssets(parameterSchemas)) return parameters;
    const resolved = await withAssets(parameters, parameterSchemas, (request) => this.#requests.asset(request));
    this.#waiting.signal.throwIfAborted();
    return resolved;
  }

  #handOver(taken: TakenHost, parameters: Record<string, unknown>): void {
    const { order } = this;
    const { sandboxed, keptHosts } = this.#dependencies;
    const { host, reuse } = taken;
    for (const warning of startWarnings(order, host.profile, sandboxed)) this.#pipeline.notice("Warning", warning);
    const message = runMessage(order, taken, parameters, () => this.#requests.knownChildren());
    host.handOver(message, this.#listenTo(host, reuse !== null));
    this.#handedOverAt = performance.now();
    this.#reading.begin(host, reuse === null ? null : (keptHosts?.readingPace ?? null));
    if (this.#isToSuspend) host.suspend();
    const { timeLimit } = order;
    if (timeLimit !== null) this.#timers.after(timeLimit, () => this.#exceedTimeLimit(timeLimit));
  }

  #listenTo(host: HostProcess, mayBeKept: boolean): HostListener {
    const pipeline = this.#pipeline;
    return {
      record: (message) => pipeline.record(message),
      ended: (message) => this.#takeEnded(message, mayBeKept),
      analysis: () => {},
      assetRequested: (message) => this.#requests.answerAsset(host, message),
      runbookRequested: (message) => this.#requests.answerRunbook(host, message),
      stepBegun: (message) => this.#journal.begin(message),
      journal: (message) => {
        if (!this.#dropped) this.#journal.keep(message);
      },
      stdout: (chunk) => pipeline.stdout(chunk),
      stderr: (chunk) => pipeline.stderr(chunk),
      batchOver: () => {
        this.#listener.batchOver();
        if (this.#ended === null) this.#reading.gather();
      },
      protocolBroken: (reason) =>
        this.fail({ name: "HostProtocolError", message: `The script broke the link to its worker. ${reason}` }),
      fault: (error) => this.#fault(error),
      gone: (exit) => this.#hostOver.resolve(exit),
    };
  }

  #takeEnded(message: EndedMessage, mayBeKept: boolean): void {
    if (this.#ended !== null) return;
    this.#ended = message;
    if (message.notKept !== undefined) this.#log.notKept(message.notKept);
    if (mayBeKept && message.kept === true && !this.#requests.holdsSecret) {
      // What the script's programs wrote lies in other pipes, and comes with the next look at them all; what was not read from
      // while it had to wait, with the one after.
      const isRead = (): void => this.#hostOver.resolve(null);
      setImmediate(this.#reading.wasPaused ? () => setImmediate(isRead) : isRead);
      return;
    }
    this.#listener.scriptOver();
    // It exits by itself; what it left running or what holds it up goes with it.
    this.#timers.after(exitTimeLimit, () => this.#host?.kill());
  }

  /** The host goes on to other jobs: from now on nothing of this attempt reaches it. */
  #giveBack(host: HostProcess): void {
    this.#host = null;
    this.#reading.end();
    const { reuseKey } = this.order;
    if (this.#ending === null && !this.#dropped && reuseKey !== null)
      this.#dependencies.keptHosts?.giveBack(host, reuseKey);
    else host.kill();
  }

  #askToEnd(ending: Ending, reason: string, force: boolean): void {
    const first = this.#ending === null;
    this.#ending ??= ending;
    const host = this.#host;
    if (host === null) {
      this.#waiting.abort(new Error(reason));
      this.#requests.closeAssets();
    } else if (force) {
      host.kill();
    } else if (first && this.#ended === null) {
      host.stop({ type: "stop", reason });
      this.#timers.after(this.order.stopGrace, () => host.kill());
    }
  }

  #exceedTimeLimit(timeLimit: number): void {
    const message = `The job was ended because it ran for longer than its time limit of ${timeLimit / 1000} s.`;
    this.#askToEnd({ reason: "time-limit", exception: { name: "TimeLimitExceeded", message } }, message, false);
  }

  /** Something of the worker's own went wrong over what the host said: this attempt ends, and no other. */
  #fault(error: unknown): void {
    this.#log.fault(error);
    this.#askToEnd({ reason: "worker-error", exception: workerFault }, workerFault.message, true);
  }

  #judge({ ranOutOfMemory }: HostProcess, exit: ProcessExit | null): AttemptEnd {
    const pipeline = this.#pipeline;
    const endedAt = this.#dependencies.clock.now();
    return judgeEnd(
      {
        told: this.#ended === null ? null : pipeline.maskEnd(this.#ended),
        ending: this.#ending,
        exit,
        ranOutOfMemory,
        leaseLapsed: this.#dependencies.leaseLapsed(),
        endedAt,
      },
      (exception) => pipeline.maskException(exception),
    );
  }

  async #endByFault(host: HostProcess, error: unknown): Promise<AttemptEnd> {
    this.#log.fault(error);
    host.kill();
    await host.gone;
    const endedAt = this.#dependencies.clock.now();
    return { outcome: "Failed", reason: "worker-error", exception: workerFault, endedAt };
  }

  #endWithoutHost(error: unknown): AttemptEnd {
    const endedAt = this.#dependencies.clock.now();
    if (this.#ending !== null && this.#waiting.signal.aborted) return endOfWaiting(this.#ending, endedAt);
    const { reason, exception, details } = startFailure(error, this.order.grants);
    if (details !== null) this.#log.noHost(details);
    if (!this.#dropped) {
      this.#pipeline.notice("Error", exception.message);
      this.#listener.batchOver();
    }
    return { outcome: "Failed", reason, exception, endedAt };
  }
}
