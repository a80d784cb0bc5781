import type { WebSocket } from "ws";
import type { HelloFrame, WorkerControlFrame } from "../contract/link/control-frames.ts";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import type { Logger } from "../contract/logger.ts";
import type { JobEffects } from "../store/operations/jobs.ts";
import type { StoredWorker } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";
import type { AnalysisRequests } from "./analysis-requests.ts";
import type { JobLinkHandler } from "./connected-worker.ts";
import type { ControlLinkListener } from "./control-link.ts";
import { ControlLink } from "./control-link.ts";
import type { LeaseRenewal } from "./lease-renewal.ts";
import type { LinkedWorker } from "./link-upgrades.ts";
import type { WorkerGreetings } from "./worker-greetings.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

/** A link over which nothing came for so many leases is dead; looked for this often, in milliseconds. */
const silentLeases = 2;
const silenceInterval = 5_000;

/** The code of a socket that its other end closed because it was done. */
const orderlyClose = 1000;

export interface ControlLinksOptions {
  store: { write: Pick<Store["write"], "drainWorker" | "workerLeft"> };
  logger: Logger;
  registry: WorkerRegistry<ControlLink>;
  greetings: Pick<WorkerGreetings, "greet">;
  renewal: Pick<LeaseRenewal, "heartbeat">;
  analyses: Pick<AnalysisRequests, "answered" | "closed">;
  /** Who gets the frames about jobs; undefined until somebody does. */
  jobs(): JobLinkHandler | undefined;
  badFrame: ControlLinkListener["badFrame"];
}

/** The control sockets of workers: what comes over them goes to whom it concerns, and those that are dead are closed. */
export class ControlLinks {
  readonly #options: ControlLinksOptions;
  readonly #open = new Set<ControlLink>();
  #silenceTimer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: ControlLinksOptions) {
    this.#options = options;
  }

  start(): void {
    this.#silenceTimer = setInterval(() => this.#closeSilent(), silenceInterval);
    this.#silenceTimer.unref();
  }

  /** No further lease is renewed by a heartbeat; the links stay open. */
  stop(): void {
    this.#stopping = true;
    clearInterval(this.#silenceTimer);
  }

  open(socket: WebSocket, worker: LinkedWorker): void {
    const { greetings, logger, badFrame } = this.#options;
    const link = new ControlLink(socket, worker, {
      hello: (of, frame) => {
        greetings.greet(of, frame).catch((error: unknown) => {
          logger.error("a worker's hello could not be stored", { workerId: of.workerId, error: String(error) });
          of.close(linkCloseCodes.shuttingDown, "the hello could not be stored; connect again");
        });
      },
      frame: (of, frame) => this.#received(of, frame),
      badFrame,
      closed: (of, code) => this.#closed(of, code),
    });
    this.#open.add(link);
  }

  /** Those that are open now, whether they have said hello or not. */
  all(): ControlLink[] {
    return [...this.#open];
  }

  /** Leases have ended. A link that stands all the same belongs to a worker that says nothing: it gets no jobs any more. */
  lost(workerIds: string[], effects: JobEffects): void {
    const { jobs, registry } = this.#options;
    jobs()?.attemptsLost(effects);
    for (const workerId of workerIds) {
      registry.get(workerId)?.close(linkCloseCodes.shuttingDown, "the lease has ended; connect again");
    }
  }

  /** A worker was changed, as it is stored now. */
  workerChanged(worker: StoredWorker): void {
    const link = this.#options.registry.get(worker.workerId);
    if (link?.setTerms(worker)) {
      this.termsChanged(link);
    }
  }

  /** An operator changed what a worker of this service may have, and its link knows that. */
  termsChanged(link: ControlLink): void {
    const { logger, jobs } = this.#options;
    const { workerId, name, group, tags, admission } = link;
    logger.info("a worker's group, tags or admission changed", {
      workerId,
      worker: name,
      group,
      tags: tags.join(","),
      admission,
    });
    if (admission === "draining") {
      link.askToDrain();
    }
    jobs()?.workerTermsChanged(link);
  }

  #received(link: ControlLink, frame: Exclude<WorkerControlFrame, HelloFrame>): void {
    const { renewal, analyses, jobs } = this.#options;
    switch (frame.type) {
      case "heartbeat":
        link.lastHeartbeat = frame;
        if (!this.#stopping) {
          renewal.heartbeat(link, frame);
        }
        jobs()?.workerChanged(link);
        break;
      case "draining":
        this.#drain(link);
        break;
      case "analysis":
        analyses.answered(link, frame);
        break;
      case "job-declined":
        jobs()?.jobDeclined(link, frame);
        break;
      case "script-needed":
        jobs()?.scriptNeeded(link, frame);
        break;
      case "asset-request":
        jobs()?.assetRequested(link, frame);
        break;
      case "runbook-request":
        jobs()?.runbookRequested(link, frame);
        break;
    }
  }

  #drain(link: ControlLink): void {
    const { store, logger, jobs } = this.#options;
    link.draining = true;
    logger.info("a worker takes no further jobs", { workerId: link.workerId, worker: link.name });
    jobs()?.workerChanged(link);
    const { workerId, instanceId } = link;
    store.write.drainWorker({ workerId, instanceId }).catch((error: unknown) => {
      logger.error("a worker's draining could not be stored", { workerId, error: String(error) });
    });
  }

  #closed(link: ControlLink, code: number): void {
    const { store, logger, registry, analyses, jobs } = this.#options;
    this.#open.delete(link);
    analyses.closed(link);
    if (registry.remove(link)) {
      const { workerId, instanceId } = link;
      logger.info("a worker's link has closed", { workerId, worker: link.name });
      jobs()?.workerDisconnected(link);
      if (link.draining && code === orderlyClose) {
        store.write.workerLeft({ workerId, instanceId }).catch((error: unknown) => {
          logger.error("a worker's leaving could not be stored", { workerId, error: String(error) });
        });
      }
    }
  }

  /** The other end of a link may be gone without a word, and its worker be at another service. */
  #closeSilent(): void {
    const { registry, logger } = this.#options;
    const now = performance.now();
    for (const link of registry.all()) {
      if (now - link.heardAt > silentLeases * link.leaseDuration) {
        logger.warn("nothing was heard over a worker's link; it is closed", {
          workerId: link.workerId,
          worker: link.name,
        });
        link.close(linkCloseCodes.shuttingDown, "nothing was heard for two leases; connect again");
      }
    }
  }
}
