import { randomUUID } from "node:crypto";
import type { HostKindOffer } from "../src/contract/link/control-frames.ts";
import type { UserError } from "../src/contract/user-error.ts";
import { analysePowerShell } from "./analysis-run.ts";
import { assetRequests } from "./assets/asset-requests.ts";
import { runbookRequests } from "./children/runbook-provider.ts";
import { noRegister } from "./guard/host-register.ts";
import { KeptHosts } from "./hosts/kept-hosts.ts";
import { hostLaunchers } from "./hosts/launchers.ts";
import { openHosts } from "./hosts/open-hosts.ts";
import { defaultBase, WarmPool } from "./hosts/warm-pool.ts";
import { recordsRefused } from "./link/attempt-outbox.ts";
import { ControlLink } from "./link/control-link.ts";
import type { ServiceJobFrame } from "./link/control-messages.ts";
import { RecordsLink } from "./link/records-link.ts";
import { MeasuredServiceClock } from "./link/service-clock.ts";
import { JobBoard } from "./slots/job-board.ts";
import { watchMemory } from "./slots/memory-watch.ts";
import type { WorkerOptions } from "./worker-options.ts";
import { resolveWorkerOptions } from "./worker-options.ts";

/** Hosts beyond the slots: idle, waiting for a further job, starting, ending, and for analysis. */
const hostsBesideSlots = 64;

/** The most hosts that wait for a further job. */
const mostKeptHosts = 16;

/** A worker that the service has welcomed once. */
export interface RunningWorker {
  readonly workerId: string;
  readonly group: string;
  /** The service that welcomed it. */
  readonly server: string;
  readonly hostKinds: readonly HostKindOffer[];
  /** Takes no more jobs, and resolves when those that run are over, their ends are known to the service, and all is closed. */
  drain(): Promise<void>;
  /** Kills what runs, and closes all. */
  stop(): Promise<void>;
  /** Resolves when the worker is closed: with null by `drain` or `stop`, with the reason when the service will not have it. */
  readonly ended: Promise<UserError | null>;
}

/**
 * Starts a worker: prepares this machine for hosts, dials the service and keeps trying, and runs what it is given.
 *
 * @returns when the service has welcomed it for the first time.
 * @throws UserError when this machine cannot isolate or run scripts, an option makes no sense, or the service refuses the worker.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const resolved = resolveWorkerOptions(options);
  const { logger } = resolved;
  const instanceId = randomUUID();
  const clock = new MeasuredServiceClock();
  // The link guards hosts from the first one on, but is opened after what it has to offer is known.
  let control: ControlLink | undefined;
  const register = {
    add: (identity: Parameters<ControlLink["register"]["add"]>[0]) =>
      control?.register.add(identity) ?? noRegister.add(identity),
  };
  const hosts = await openHosts(resolved, hostLaunchers, {
    concurrency: resolved.slots + hostsBesideSlots,
    register,
    dedicated: true,
  });
  const offers = [...hosts.programs.values()].flatMap(({ kind, version }): HostKindOffer[] => {
    const slots = resolved.kindSlots[kind];
    if (slots === 0) return [];
    return [slots === undefined ? { kind, version } : { kind, version, slots }];
  });
  for (const { kind, reason } of hosts.missing) logger.warn("A kind of host is not offered", { kind, reason });

  const first = Promise.withResolvers<{ workerId: string; group: string; server: string }>();
  const ended = Promise.withResolvers<UserError | null>();
  const address = { servers: resolved.servers, tokenFile: resolved.tokenFile, caFile: resolved.caFile };
  const link = new ControlLink(
    {
      address,
      hello: {
        version: resolved.version,
        instanceId,
        hostName: resolved.hostName,
        slots: resolved.slots,
        hostKinds: offers,
        missingHostKinds: hosts.missing,
        sandbox: resolved.sandbox,
      },
    },
    clock,
    logger,
    {
      welcome(frame, server) {
        logger.info("Connected to the service", {
          server,
          workerId: frame.workerId,
          group: frame.group,
        });
        board.welcome(frame);
        assets.welcome(frame.protocol);
        runbooks.welcome(frame.protocol);
        records.connect(frame.workerId, server);
        tellStatus();
        first.resolve({ workerId: frame.workerId, group: frame.group, server });
      },
      frame: takeFrame,
      leaseLost: () => board.leaseLost(),
      refused(error) {
        first.reject(error);
        close().then(() => ended.resolve(error), ended.reject);
      },
    },
  );
  control = link;
  const pool = new WarmPool({
    starter: hosts.starter,
    memory: resolved.poolMemory,
    slots: resolved.slots,
    base: defaultBase,
    logger,
  });
  const keptHosts = new KeptHosts({
    pool,
    sandboxed: resolved.sandbox === "bubblewrap",
    most: Math.min(resolved.slots, mostKeptHosts),
    memory: resolved.poolMemory,
  });
  const records = new RecordsLink(
    address,
    instanceId,
    {
      told(attempt) {
        link.attemptOver(attempt);
        checkDrained();
      },
      refused(attempt) {
        link.attemptOver(attempt);
        board.drop(attempt);
      },
      spoiled({ jobId, attempt }) {
        for (const run of board.running())
          if (run.order.jobId === jobId && run.order.attempt === attempt) run.fail(recordsRefused);
      },
    },
    logger,
  );
  const assets = assetRequests((frame) => link.send(frame));
  const runbooks = runbookRequests((frame) => link.send(frame), resolved.servers);
  let whenDrained: (() => void) | null = null;
  const board = new JobBoard({
    slots: resolved.slots,
    kindSlots: resolved.kindSlots,
    records,
    dependencies: {
      pool,
      keptHosts,
      assets,
      runbooks,
      clock,
      logger,
      sandboxed: resolved.sandbox !== "none",
      leaseLapsed: () => link.leaseLapsed,
    },
    offers: (kind) => offers.some((offer) => offer.kind === kind),
    send: (frame) => link.send(frame),
    declined: (attempt) => link.attemptOver(attempt),
    changed: checkDrained,
  });
  const unwatch = watchMemory(() => board.running(), resolved.limits.memory);
  const statusTimer = setInterval(tellStatus, 1_000).unref();

  function tellStatus(): void {
    link.setStatus({ freeSlots: board.freeSlots, warmHosts: pool.idleHosts() });
  }

  function checkDrained(): void {
    if (board.isEmpty && records.allTold) whenDrained?.();
  }

  function takeFrame(frame: ServiceJobFrame): void {
    switch (frame.type) {
      case "run-job":
        board.take(frame);
        break;
      case "script":
        board.scriptCame(frame.scriptHash, frame.script);
        break;
      case "stop-job":
        board.stop(frame, frame.reason, frame.force);
        break;
      case "suspend-job":
        board.suspend(frame);
        break;
      case "drop-job":
        board.drop(frame);
        link.attemptOver(frame);
        break;
      case "asset-answer":
        assets.answered(frame);
        break;
      case "runbook-answer":
        runbooks.answered(frame);
        break;
      case "drain":
        if (!draining) {
          logger.info("The service asked this worker to end when its jobs are over");
          void drain();
        }
        break;
      case "analyse":
        analysePowerShell(pool, frame.name, frame.script).then(
          (analysis) => link.send({ type: "analysis", requestId: frame.requestId, analysis }),
          (error: Error) =>
            link.send({ type: "analysis", requestId: frame.requestId, analysis: null, error: error.message }),
        );
        break;
    }
  }

  let closing: Promise<void> | null = null;
  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }

  async function closeAll(): Promise<void> {
    clearInterval(statusTimer);
    unwatch();
    await board.close();
    await keptHosts.close();
    await pool.close();
    records.close();
    await link.close();
    hosts.close();
  }

  let draining = false;
  async function drain(): Promise<void> {
    draining = true;
    logger.info("Draining: no more jobs are taken");
    const drained = new Promise<void>((resolve) => {
      whenDrained = resolve;
    });
    link.send({ type: "draining" });
    board.drain();
    await Promise.race([drained, ended.promise]);
    await stop();
  }

  async function stop(): Promise<void> {
    await close();
    ended.resolve(null);
  }

  const { workerId, group, server } = await first.promise;
  return { workerId, group, server, hostKinds: offers, drain, stop, ended: ended.promise };
}
