import type {
  AssetRequestFrame,
  JobDeclinedFrame,
  RunbookRequestFrame,
  ScriptNeededFrame,
} from "../contract/link/control-frames.ts";
import type { AppendFrame } from "../contract/link/records-frames.ts";
import type { Logger } from "../contract/logger.ts";
import type { JobEffects } from "../store/operations/jobs.ts";
import type { KeptAttempt } from "../store/operations/workers.ts";
import type { ConnectedWorker, JobLinkHandler, RecordsPeer } from "../workers/connected-worker.ts";
import type { EffectsApplier } from "./apply-effects.ts";
import type { AssetBroker } from "./asset-broker.ts";
import type { AttemptOrders } from "./attempt-orders.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { HandOver } from "./hand-over.ts";
import type { RecordIntake } from "./record-intake.ts";
import type { RunbookRequests } from "./runbook-requests.ts";
import type { RunningAttempts } from "./running-attempts.ts";

export interface WorkerReportsOptions {
  attempts: Pick<RunningAttempts, "add" | "keepOnly">;
  orders: Pick<AttemptOrders, "stop">;
  effects: Pick<EffectsApplier, "apply" | "applyGivenUp">;
  dispatcher: Pick<Dispatcher, "workerConnected" | "forget" | "pause" | "resume" | "slotsFreed">;
  handOver: Pick<HandOver, "putBack" | "sendScript">;
  assets: Pick<AssetBroker, "answer">;
  runbookRequests: Pick<RunbookRequests, "answer">;
  intake: Pick<RecordIntake, "received">;
  logger: Logger;
}

/** Brings what workers tell of themselves and of their jobs to those whom it concerns. */
export class WorkerReports implements JobLinkHandler {
  readonly #options: WorkerReportsOptions;

  constructor(options: WorkerReportsOptions) {
    this.#options = options;
  }

  workerConnected(worker: ConnectedWorker, keep: KeptAttempt[], effects: JobEffects): void {
    const { attempts, orders, dispatcher } = this.#options;
    // It may have been at another service since, and the ends of others be known there only.
    attempts.keepOnly(worker.workerId, keep);
    for (const { stopReason, stopForced, ...kept } of keep) {
      const attempt = { ...kept, workerId: worker.workerId };
      attempts.add(attempt, false);
      if (stopReason !== null) {
        orders.stop(attempt, { reason: stopReason, force: stopForced });
      }
    }
    this.#options.effects.apply(effects);
    dispatcher.workerConnected(worker);
  }

  workerDisconnected(worker: ConnectedWorker): void {
    this.#options.dispatcher.forget(worker.workerId);
  }

  workerChanged(worker: ConnectedWorker): void {
    this.#options.dispatcher.resume(worker.workerId);
  }

  workerTermsChanged(worker: ConnectedWorker): void {
    this.#options.dispatcher.workerConnected(worker);
  }

  jobDeclined(worker: ConnectedWorker, frame: JobDeclinedFrame): void {
    const { dispatcher, handOver, logger } = this.#options;
    logger.warn("a worker declined a job", {
      jobId: frame.jobId,
      worker: worker.name,
      reason: frame.reason,
    });
    dispatcher.pause(worker.workerId);
    const { jobId, attempt, reason } = frame;
    handOver.putBack({ jobId, attempt, workerId: worker.workerId }, `declined: ${reason}`);
  }

  scriptNeeded(worker: ConnectedWorker, frame: ScriptNeededFrame): void {
    const { handOver, logger } = this.#options;
    handOver.sendScript(worker, frame).catch((error: unknown) => {
      logger.error("a script could not be sent", { jobId: frame.jobId, error: String(error) });
    });
  }

  assetRequested(worker: ConnectedWorker, frame: AssetRequestFrame): void {
    const { assets, logger } = this.#options;
    assets.answer(worker, frame).catch((error: unknown) => {
      logger.error("a request for an asset could not be answered", { jobId: frame.jobId, error: String(error) });
    });
  }

  runbookRequested(worker: ConnectedWorker, frame: RunbookRequestFrame): void {
    this.#options.runbookRequests.answer(worker, frame);
  }

  recordsReceived(peer: RecordsPeer, frame: AppendFrame, bytes: number): void {
    const { intake, dispatcher } = this.#options;
    const { freed } = intake.received(peer, frame, bytes);
    if (freed !== null) {
      dispatcher.slotsFreed(freed);
    }
  }

  attemptsLost(effects: JobEffects): void {
    this.#options.effects.applyGivenUp(effects);
  }
}
