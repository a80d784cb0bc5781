import type { AssetErrorCode } from "../../src/contract/assets.ts";
import type {
  AssetRequestMessage,
  EndedMessage,
  HostRunbookAnswer,
  JobException,
  JournalMessage,
  RunbookRequestMessage,
} from "../../src/contract/host/host-messages.ts";
import { longestJournalItem } from "../../src/contract/journal.ts";
import type { AttemptEnd } from "../../src/contract/link/records-frames.ts";
import type { Logger } from "../../src/contract/logger.ts";
import { hostKindOf } from "../../src/contract/runbook-kind.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { AssetParameterError, haveAssets, withAssets } from "../assets/asset-parameters.ts";
import type { AssetProvider } from "../assets/asset-provider.ts";
import { JobAssets } from "../assets/job-assets.ts";
import { JobChildren } from "../children/job-children.ts";
import type { RunbookProvider } from "../children/runbook-provider.ts";
import type { HostListener, HostProcess } from "../hosts/host-process.ts";
import { describeExit, HostStartError } from "../hosts/host-process.ts";
import type { KeptHosts } from "../hosts/kept-hosts.ts";
import type { WarmPool } from "../hosts/warm-pool.ts";
import type { ServiceClock } from "../link/service-clock.ts";
import { collectSecrets, unmaskedParameters } from "../masking/collect-secrets.ts";
import { Masker } from "../masking/masker.ts";
import { leastSecretLength } from "../masking/secret-forms.ts";
import type { ProcessExit } from "../sandbox/sandbox.ts";
import type { AttemptListener } from "./attempt-listener.ts";
import type { JobOrder } from "./job-order.ts";
import { outputWidth } from "./job-order.ts";
import { RecordPipeline } from "./record-pipeline.ts";
import { StepsUnderWay } from "./steps-under-way.ts";

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

/** Why an attempt is to end before its script does. */
interface Ending {
  reason: "stopped" | "time-limit" | "host-lost" | "worker-error";
  exception?: JobException;
}

/** The longest time that a timer can wait, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** A host has said that its script is over, and this many milliseconds later it is still there. */
const exitTimeLimit = 1_000;

/** `reuse`: its host may have served jobs before, and may serve others after. */
interface TakenHost {
  host: HostProcess;
  reuse: { folders: readonly string[] } | null;
}

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
  readonly #pipeline: RecordPipeline;
  readonly #waiting = new AbortController();
  readonly #hasSecrets: boolean;
  readonly #assets: JobAssets;
  readonly #children: JobChildren;
  readonly #masker: Masker;
  readonly #stepsUnderWay = new StepsUnderWay();
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
  #waits = 0;
  #hasWaited = false;
  #paused = false;
  #wasPaused = false;
  #gathers = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(order: JobOrder, dependencies: AttemptDependencies, listener: AttemptListener) {
    this.order = order;
    this.#dependencies = dependencies;
    this.#listener = listener;
    const secrets = [...collectSecrets(order.parameters, order.parameterSchemas), ...order.secrets];
    this.#hasSecrets = secrets.length > 0;
    const masker = new Masker(secrets);
    this.#masker = masker;
    this.#assets = new JobAssets({
      provider: dependencies.assets,
      attempt: { jobId: order.jobId, attempt: order.attempt },
      masker,
      warn: (text) => this.#pipeline.notice("Warning", text),
    });
    this.#children = new JobChildren({
      provider: dependencies.runbooks,
      attempt: { jobId: order.jobId, attempt: order.attempt },
      hostKind: hostKindOf[order.runbook.kind],
      children: order.children,
      masker,
      assets: (request) => this.#assets.answer(request),
      waits: (change) => {
        this.#waits += change;
        this.#hasWaited = true;
      },
      floods: () =>
        this.fail({
          name: "HostProtocolError",
          message: "The script broke the link to its worker. It asks for other runbooks and jobs, and reads no answer.",
        }),
    });
    this.#pipeline = new RecordPipeline({
      masker,
      clock: dependencies.clock,
      outputLimit: order.outputLimit,
      listener: (number, json) => {
        if (!this.#dropped) listener.record(number, json);
      },
      batchOver: () => listener.batchOver(),
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
    return this.#waits > 0;
  }

  /** Whether it did so before, or does now. */
  get hasWaited(): boolean {
    return this.#hasWaited;
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
    if (this.#dropped) return;
    this.#paused = true;
    this.#wasPaused = true;
    this.#host?.pauseReading();
  }

  resume(): void {
    this.#paused = false;
    this.#host?.resumeReading();
  }

  async #run(): Promise<void> {
    let end: AttemptEnd;
    try {
      const parameters = await this.#resolveParameters();
      const taken = await this.#takeHost();
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
      this.#clearTimers();
      this.#pipeline.end();
      end = this.#judge(exit);
      if (exit === null) this.#giveBack(host);
    } catch (error) {
      end = this.#host === null ? this.#endWithoutHost(error) : await this.#endByFault(this.#host, error);
    }
    this.#isOver = true;
    this.#clearTimers();
    this.#assets.close();
    this.#children.close();
    if (this.#dropped) return;
    if (end.outcome === "Failed" || end.outcome === "Stopped") this.#tellStepsUnderWay();
    this.#listener.ended(end);
  }

  #tellStepsUnderWay(): void {
    for (const { sequence, entry } of this.#stepsUnderWay.left())
      this.#listener.journal({ sequence, entry, shown: this.#pipeline.shownEntry(entry) });
  }

  /** With the credentials that they name. Rejects when one cannot be had, or the attempt is to end. */
  async #resolveParameters(): Promise<Record<string, unknown>> {
    const { parameters, parameterSchemas } = this.order;
    if (!haveAssets(parameterSchemas)) return parameters;
    const resolved = await withAssets(parameters, parameterSchemas, (request) => this.#assets.answer(request));
    this.#waiting.signal.throwIfAborted();
    return resolved;
  }

  async #takeHost(): Promise<TakenHost> {
    const { pool, keptHosts } = this.#dependencies;
    const { reuseKey, grants, runbook } = this.order;
    const kind = hostKindOf[runbook.kind];
    const { signal } = this.#waiting;
    const isShared = reuseKey !== null && this.order.children.length === 0;
    if (keptHosts !== null && isShared && !this.#hasSecrets && !this.#assets.holdsSecret) {
      const host = await keptHosts.take(kind, grants, reuseKey, signal);
      const folders = keptHosts.privateFolders(host.profile);
      return { host, reuse: folders === null ? null : { folders } };
    }
    return { host: await pool.take(kind, grants, signal), reuse: null };
  }

  /** The host goes on to other jobs: from now on nothing of this attempt reaches it. */
  #giveBack(host: HostProcess): void {
    this.#host = null;
    const { reuseKey } = this.order;
    if (this.#ending === null && !this.#dropped && reuseKey !== null)
      this.#dependencies.keptHosts?.giveBack(host, reuseKey);
    else host.kill();
  }

  #handOver({ host, reuse }: TakenHost, parameters: Record<string, unknown>): void {
    const { order } = this;
    const pipeline = this.#pipeline;
    if (!this.#dependencies.sandboxed) {
      pipeline.notice("Warning", "This job is not isolated: its worker was started with --sandbox none.");
    }
    for (const warning of host.profile.warnings) pipeline.notice("Warning", warning);
    for (const name of unmaskedParameters(order.parameters, order.parameterSchemas))
      pipeline.notice(
        "Warning",
        `The secret parameter "${name}" holds a text of fewer than ${leastSecretLength} characters, which is not masked. Choose a longer one.`,
      );
    const listener: HostListener = {
      record: (message) => pipeline.record(message),
      ended: (message) => this.#takeEnded(message, reuse !== null),
      analysis: () => {},
      assetRequested: (message) => this.#answerAssetRequest(host, message),
      runbookRequested: (message) => this.#answerRunbookRequest(host, message),
      stepBegun: ({ entry }) => this.#stepsUnderWay.begin(entry),
      journal: (message) => this.#keepInJournal(message),
      stdout: (chunk) => pipeline.stdout(chunk),
      stderr: (chunk) => pipeline.stderr(chunk),
      batchOver: () => {
        this.#listener.batchOver();
        if (this.#gathers && this.#ended === null) this.#gather(host);
      },
      protocolBroken: (reason) =>
        this.fail({ name: "HostProtocolError", message: `The script broke the link to its worker. ${reason}` }),
      fault: (error) => this.#fault(error),
      gone: (exit) => this.#hostOver.resolve(exit),
    };
    host.handOver(
      {
        type: "run",
        jobId: order.jobId,
        attempt: order.attempt,
        runbook: order.runbook,
        script: order.script,
        parameters,
        parameterSchemas: order.parameterSchemas,
        logs: order.logs,
        width: outputWidth,
        stopGrace: order.stopGrace,
        ...(reuse === null ? {} : { keep: reuse }),
        ...(order.journal.length === 0 ? {} : { journal: [...order.journal] }),
        ...(order.checkpoint === null ? {} : { checkpoint: order.checkpoint }),
        ...(host.profile.kind === "pwsh" && order.children.length > 0 ? { children: this.#children.known() } : {}),
      },
      listener,
    );
    this.#handedOverAt = performance.now();
    this.#gathers = reuse !== null && (this.#dependencies.keptHosts?.readingPace.isQuick() ?? false);
    if (this.#gathers) this.#gather(host);
    if (this.#paused) host.pauseReading();
    if (this.#isToSuspend) host.suspend();
    if (order.timeLimit !== null) this.#after(order.timeLimit, () => this.#exceedTimeLimit(order.timeLimit ?? 0));
  }

  #keepInJournal({ sequence, entry, checkpoint }: JournalMessage): void {
    if (this.#dropped) return;
    if (entry !== undefined && JSON.stringify(entry).length > longestJournalItem)
      throw new Error("An entry of the journal is too long.");
    if (checkpoint !== undefined && checkpoint.length > longestJournalItem) {
      const message = `The checkpoint is ${checkpoint.length} characters long, and at most ${longestJournalItem} are kept. Keep less in variables.`;
      this.fail({ name: "CheckpointTooLarge", message });
      return;
    }
    this.#stepsUnderWay.keep({ sequence, ...(entry !== undefined && { entry }) });
    this.#listener.journal({
      sequence,
      ...(entry === undefined ? {} : { entry, shown: this.#pipeline.shownEntry(entry) }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
  }

  #answerAssetRequest(host: HostProcess, { requestId, request }: AssetRequestMessage): void {
    this.#assets.answer(request).then(
      (answer) => {
        if (this.#host !== host || this.#ended !== null) return;
        host.answerAssetRequest({
          type: "asset-answer",
          requestId,
          ...("value" in answer ? { value: answer.value } : {}),
          ...("error" in answer ? { error: answer.error } : {}),
          ...(this.#assets.holdsSecret ? { secret: true } : {}),
        });
        // A warning may have come with it.
        this.#listener.batchOver();
      },
      (error: unknown) => this.#fault(error),
    );
  }

  #answerRunbookRequest(host: HostProcess, { requestId, request }: RunbookRequestMessage): void {
    const tell = async (answer: HostRunbookAnswer): Promise<void> => {
      if (this.#host === host && this.#ended === null)
        await host.answerRunbookRequest({ type: "runbook-answer", requestId, answer });
    };
    this.#children.answer(request, tell).catch((error: unknown) => this.#fault(error));
  }

  /** Jobs come in quick succession: what this one says is read once it has gathered for a moment. */
  #gather(host: HostProcess): void {
    this.#wasPaused = true;
    this.#dependencies.keptHosts?.readingPace.hold(host);
  }

  #takeEnded(message: EndedMessage, mayBeKept: boolean): void {
    if (this.#ended !== null) return;
    this.#ended = message;
    if (message.notKept !== undefined) this.#logNotKept(message.notKept);
    if (mayBeKept && message.kept === true && !this.#assets.holdsSecret) {
      // What the script's programs wrote lies in other pipes, and comes with the next look at them all; what was not read from
      // while it had to wait, with the one after.
      const isRead = (): void => this.#hostOver.resolve(null);
      setImmediate(this.#wasPaused ? () => setImmediate(isRead) : isRead);
      return;
    }
    this.#listener.scriptOver();
    // It exits by itself; what it left running or what holds it up goes with it.
    this.#after(exitTimeLimit, () => this.#host?.kill());
  }

  /** For who wonders why a runbook's jobs start more hosts than they might. */
  #logNotKept(reason: unknown): void {
    const { jobId } = this.order;
    this.#dependencies.logger.debug("A host ends that was to be reused", {
      jobId,
      // Such as the path of a file that is still open, which may hold what it likes.
      reason: this.#masker.text(String(reason).slice(0, 200), true),
    });
  }

  /** Something of the worker's own went wrong over what the host said: this attempt ends, and no other. */
  #fault(error: unknown): void {
    this.#logFault(error);
    this.#askToEnd({ reason: "worker-error", exception: workerFault }, workerFault.message, true);
  }

  /** Without the error's message, which may quote what the job said. */
  #logFault(error: unknown): void {
    this.#dependencies.logger.error("What a job's host said could not be handled", {
      jobId: this.order.jobId,
      error: error instanceof Error ? error.name : typeof error,
      at: error instanceof Error ? firstFrame(error) : undefined,
    });
  }

  #exceedTimeLimit(timeLimit: number): void {
    const message = `The job was ended because it ran for longer than its time limit of ${timeLimit / 1000} s.`;
    this.#askToEnd({ reason: "time-limit", exception: { name: "TimeLimitExceeded", message } }, message, false);
  }

  #askToEnd(ending: Ending, reason: string, force: boolean): void {
    const first = this.#ending === null;
    this.#ending ??= ending;
    const host = this.#host;
    if (host === null) {
      this.#waiting.abort(new Error(reason));
      this.#assets.close();
    } else if (force) {
      host.kill();
    } else if (first && this.#ended === null) {
      host.stop({ type: "stop", reason });
      this.#after(this.order.stopGrace, () => host.kill());
    }
  }

  /** How the attempt ended, now that its host is gone. */
  #judge(exit: ProcessExit | null): AttemptEnd {
    const endedAt = this.#dependencies.clock.now();
    const ending = this.#ending;
    const told = this.#ended === null ? null : this.#pipeline.maskEnd(this.#ended);
    // What a script did before it was told to end counts; what the worker failed to tell of it does not count as done.
    const completed = told?.outcome === "Completed" && ending?.reason !== "worker-error";
    if (told !== null && (ending === null || completed)) {
      const { type: _, ...rest } = told;
      return { ...rest, reason: told.outcome === "Stopped" ? "stopped" : "script", endedAt };
    }
    if (ending !== null) {
      const outcome = ending.reason === "stopped" ? (told?.outcome ?? "Stopped") : "Failed";
      const exception = ending.exception ?? told?.exception;
      return {
        outcome,
        reason: ending.reason === "stopped" && outcome === "Failed" ? "script" : ending.reason,
        ...(exception === undefined ? {} : { exception: this.#pipeline.maskException(exception) }),
        ...(told?.exitCode === undefined ? {} : { exitCode: told.exitCode }),
        endedAt,
      };
    }
    if (this.#dependencies.leaseLapsed()) {
      return { outcome: "Failed", reason: "host-lost", exception: leaseLost, endedAt };
    }
    if (this.#host?.ranOutOfMemory) {
      const message = "The job was ended by the kernel because its processes held more memory than a job may.";
      return { outcome: "Failed", reason: "host-lost", exception: { name: "MemoryLimitExceeded", message }, endedAt };
    }
    const message =
      exit === null
        ? "The host was over with the job, and did not say how it ended."
        : `The host process ended with ${describeExit(exit)} before the script was over.${hintOf(exit)}`;
    return {
      outcome: "Failed",
      reason: "host-lost",
      exception: { name: "HostLost", message },
      ...(exit === null || exit.code === null ? {} : { exitCode: exit.code }),
      endedAt,
    };
  }

  async #endByFault(host: HostProcess, error: unknown): Promise<AttemptEnd> {
    this.#logFault(error);
    host.kill();
    await host.gone;
    const endedAt = this.#dependencies.clock.now();
    return { outcome: "Failed", reason: "worker-error", exception: workerFault, endedAt };
  }

  #endWithoutHost(error: unknown): AttemptEnd {
    const endedAt = this.#dependencies.clock.now();
    const ending = this.#ending;
    if (ending !== null && this.#waiting.signal.aborted) {
      if (ending.reason === "stopped") return { outcome: "Stopped", reason: "stopped", endedAt };
      return {
        outcome: "Failed",
        reason: ending.reason,
        ...(ending.exception === undefined ? {} : { exception: ending.exception }),
        endedAt,
      };
    }
    const exception = explainStart(error, this.order);
    if (!(error instanceof UserError || error instanceof AssetParameterError))
      this.#dependencies.logger.error("A job got no host", { jobId: this.order.jobId, ...detailsOf(error) });
    if (!this.#dropped) {
      this.#pipeline.notice("Error", exception.message);
      this.#listener.batchOver();
    }
    // A host that died before it was ready is lost as one that dies later; what the worker cannot give is not.
    const reason = exception.name === "HostStartError" ? "host-lost" : "worker-error";
    return { outcome: "Failed", reason, exception, endedAt };
  }

  #after(milliseconds: number, action: () => void): void {
    const timer =
      milliseconds > longestTimer
        ? setTimeout(() => this.#after(milliseconds - longestTimer, action), longestTimer)
        : setTimeout(action, milliseconds);
    this.#timers.push(timer);
  }

  #clearTimers(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}

/** How a job ends over which its worker failed; nothing that the job said is quoted. */
const workerFault: JobException = {
  name: "WorkerError",
  message: "The worker could not handle what the job's host said, so the job was ended. The worker's log says more.",
};

/** How a job ends whose worker lost its lease. */
export const leaseLost: JobException = {
  name: "LeaseLost",
  message: "The worker was without a link to the service, or hung, for longer than its lease, so the job was ended.",
};

function firstFrame({ message, stack = "" }: Error): string | undefined {
  const frames = stack.slice(stack.indexOf(message) + message.length);
  return /^ {4}at .*/m.exec(frames)?.[0].trim();
}

function hintOf(exit: ProcessExit): string {
  if (exit.signal === "SIGKILL")
    return " Something killed it: the script itself, or the machine when it ran out of memory.";
  if (exit.signal === "SIGABRT" || exit.signal === "SIGTRAP")
    return " Its runtime gave up, most often because the script used too much memory.";
  if (exit.signal === "SIGXFSZ") return " The script wrote a larger file than a job may.";
  if (exit.signal === "SIGSYS") return " The script made a system call that no job may make.";
  return "";
}

/** Why there is no host, for the one who started the job. */
function explainStart(error: unknown, order: JobOrder): JobException {
  if (error instanceof AssetParameterError) return { name: exceptionOfAsset[error.code], message: error.message };
  if (error instanceof UserError) {
    const name = error.code === "grant-unusable" ? "GrantUnusable" : "WorkerError";
    return { name, message: error.remedy === undefined ? error.message : `${error.message} ${error.remedy}` };
  }
  if (error instanceof HostStartError) {
    for (const grant of order.grants) {
      if ("path" in grant && error.text.includes(grant.path) && error.text.includes("Permission denied")) {
        return {
          name: "GrantUnusable",
          message: `The granted path ${grant.path} cannot be reached by the account that jobs run as. Let that account through to it: each folder on the way needs the right to enter (chmod o+x), the path itself the right to read.`,
        };
      }
    }
    const more = error.isWhole ? "" : " The log of its worker has all that it said, under this job's id.";
    return { name: "HostStartError", message: `The host did not start: ${error.summary}${more}` };
  }
  const message =
    "The host could not be started on its worker, whose log says why under this job's id. Start the job again; if it stays so, see what `npx runsmith doctor` says there.";
  return { name: "HostStartError", message };
}

const exceptionOfAsset: Readonly<Record<AssetErrorCode, string>> = {
  "asset-not-found": "AssetNotFound",
  "asset-unavailable": "AssetUnavailable",
  "asset-refused": "AssetRefused",
};

/** What the log keeps and the one who started the job has no use for. */
function detailsOf(error: unknown): Record<string, unknown> {
  if (error instanceof HostStartError) return { reason: error.message };
  return error instanceof Error ? { reason: error.message, stack: error.stack } : { reason: String(error) };
}
