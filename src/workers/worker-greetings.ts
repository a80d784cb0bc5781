import type { HelloFrame } from "../contract/link/control-frames.ts";
import { linkCloseCodes, linkProtocolVersion } from "../contract/link/control-frames.ts";
import type { Logger } from "../contract/logger.ts";
import type { LeaseDurations } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";
import type { AnalysisRequests } from "./analysis-requests.ts";
import type { JobLinkHandler } from "./connected-worker.ts";
import type { ControlLink } from "./control-link.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

export interface WorkerGreetingsOptions {
  store: { write: Pick<Store["write"], "helloWorker"> };
  logger: Logger;
  leases: LeaseDurations;
  registry: Pick<WorkerRegistry<ControlLink>, "add">;
  analyses: Pick<AnalysisRequests, "connected">;
  /** Who is told of workers that have come; undefined until somebody is. */
  jobs(): JobLinkHandler | undefined;
  /** Runsmith's version, for workers that are refused. */
  version: string | undefined;
}

/**
 * Answers what workers say first: hello, stored, is answered with a welcome, and the worker is there from then on. One hello of a worker
 * at a time, in the order in which they came: the last one says what it has now.
 */
export class WorkerGreetings {
  readonly #options: WorkerGreetingsOptions;
  /** By worker, until when its hello is being answered. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(options: WorkerGreetingsOptions) {
    this.#options = options;
  }

  /** Rejects when the hello could not be stored; the link stands then, and nothing was said over it. */
  greet(link: ControlLink, frame: HelloFrame): Promise<void> {
    const { workerId } = link;
    const greeted = (this.#underWay.get(workerId) ?? Promise.resolve()).then(() => this.#answer(link, frame));
    const over = greeted
      .catch(() => undefined)
      .then(() => {
        if (this.#underWay.get(workerId) === over) {
          this.#underWay.delete(workerId);
        }
      });
    this.#underWay.set(workerId, over);
    return greeted;
  }

  async #answer(link: ControlLink, frame: HelloFrame): Promise<void> {
    const { store, logger, leases, registry, analyses, jobs, version: ownVersion } = this.#options;
    if (Math.abs(frame.protocol - linkProtocolVersion) > 1) {
      logger.error("a worker speaks a protocol that this service does not", {
        workerId: link.workerId,
        worker: link.name,
        protocol: frame.protocol,
        version: frame.version,
      });
      link.close(linkCloseCodes.versionRefused, refusalOf(frame, ownVersion));
      return;
    }
    if (!link.isOpen) {
      // What it said may be old by now; the worker's next link says it anew.
      return;
    }
    link.protocol = Math.min(frame.protocol, linkProtocolVersion);
    const { protocol, workerId, linkId } = link;
    const { instanceId, version, hostName, sandbox, slots, hostKinds, running } = frame;
    const hello = { workerId, instanceId, linkId, version, protocol, hostName, sandbox, slots, hostKinds, running };
    const welcome = await store.write.helloWorker({ ...hello, leases });
    if (welcome === null) {
      link.close(linkCloseCodes.unauthorized, "the worker was removed");
      return;
    }
    link.setTerms(welcome);
    const { keep, effects, serviceTime, group, leaseDuration } = welcome;
    if (!link.isOpen) {
      // It was stored all the same, so what it did to jobs has to be told.
      jobs()?.attemptsLost(effects);
      return;
    }
    const former = registry.add(link);
    if (former !== undefined) {
      former.close(linkCloseCodes.replaced, "another link of this worker took over");
    }
    link.goLive();
    link.send({
      type: "welcome",
      protocol,
      workerId: link.workerId,
      group,
      leaseDuration,
      serviceTime,
      keep: keep.map(({ jobId, attempt }) => ({ jobId, attempt })),
    });
    logger.info("a worker has connected", {
      workerId: link.workerId,
      worker: link.name,
      group,
      slots,
      hostKinds: hostKinds.map(({ kind }) => kind).join(","),
      keptJobs: keep.length,
    });
    jobs()?.workerConnected(link, keep, effects);
    if (link.admission === "draining") {
      link.askToDrain();
    }
    analyses.connected(link);
  }
}

function refusalOf({ protocol }: HelloFrame, version: string | undefined): string {
  const own = linkProtocolVersion;
  const older = protocol < own ? "worker" : "service";
  const service = version === undefined ? "the service" : `the service (Runsmith ${version})`;
  return `${service} speaks link protocol ${own}, the worker ${protocol}: upgrade the ${older}`;
}
