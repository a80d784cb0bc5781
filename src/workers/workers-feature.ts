import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Analysis } from "../contract/analysis.ts";
import type { Page } from "../contract/api/page.ts";
import type { NewWorkerResource, WorkerResource } from "../contract/api/worker.ts";
import { linkCloseCodes } from "../contract/link/control-frames.ts";
import type { Logger } from "../contract/logger.ts";
import { defaultLeaseDuration } from "../contract/session-limits.ts";
import type { Leadership } from "../services/duty-leader.ts";
import { soleLeader } from "../services/duty-leader.ts";
import type { LeaseDurations } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";
import { AnalysisRequests } from "./analysis-requests.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { ConnectedWorker, JobLinkHandler } from "./connected-worker.ts";
import type { ControlLink } from "./control-link.ts";
import { ControlLinks } from "./control-links.ts";
import { LeaseRenewal } from "./lease-renewal.ts";
import { LeaseWatch } from "./lease-watch.ts";
import type { AuthenticateLink } from "./link-upgrades.ts";
import { LinkUpgrades } from "./link-upgrades.ts";
import { RecordsLinks } from "./records-links.ts";
import { WorkerAdministration } from "./worker-administration.ts";
import type { WorkerChange } from "./worker-change.ts";
import { WorkerGreetings } from "./worker-greetings.ts";
import { WorkerGroups } from "./worker-groups.ts";
import type { WorkerToRegister } from "./worker-registration.ts";
import { WorkerRegistration } from "./worker-registration.ts";
import { WorkerRegistry } from "./worker-registry.ts";

/*
 * Workers: who they are, the two sockets each of them opens, and their leases.
 *
 *   link-upgrades          the web server hands over every upgrade request; those of workers are taken
 *   control-links          heartbeats → leases, frames about jobs → the jobs feature (`JobLinkHandler`)
 *   worker-greetings       hello → welcome
 *   records-links          records and ends → the jobs feature
 *   lease-renewal          leases by heartbeats, and before a planned restart; lease-watch takes back what lost workers hold
 *   worker-registration    makes workers and their tokens; worker-administration shows, changes and removes them
 *   analysis-requests      what PowerShell scripts declare, by workers that have PowerShell
 *
 * The jobs feature stands on this one: it calls `attachJobs` and finds workers by `connected` and `allConnected`.
 */

export interface WorkersOptions {
  store: Pick<Store, "read" | "write" | "once" | "isShared">;
  logger: Logger;
  clock?: Clock;
  /** Whether this service takes back what lost workers hold; it always does when left out. */
  leadership?: Leadership;
  /** Milliseconds; a worker is lost when it has not been heard of for this long. */
  leaseDuration?: number;
  /** Leases of single worker groups, where the database has none for them. */
  leaseDurations?: Readonly<Record<string, number>>;
  /** Runsmith's version, for workers that are refused. */
  version?: string;
  authenticate: AuthenticateLink;
  /** Makes a worker's token: the text that is shown once, and the SHA-256 that is stored. */
  newToken(): { token: string; hash: Uint8Array };
  /** A principal's tokens are dead: whatever is remembered of them is wrong. */
  tokensRevoked(principalId: string): void;
}

export interface WorkersFeature {
  /**
   * Takes an upgrade request to one of the two worker sockets.
   * @returns false when the request is for another path; nothing was done with it then
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;

  /** @throws UserError `worker-exists`, `answer-not-repeated` (409), `invalid-worker-name` */
  createWorker(worker: WorkerToRegister): Promise<NewWorkerResource>;
  /** A fresh token for the worker of this name and group, which is made when it is not there; its former token ends. */
  freshToken(of: { name: string; group: string }): Promise<string>;
  /** Kills the worker's token and closes its links at once; by its id or name. @throws UserError `worker-not-found` (404) */
  removeWorker(worker: string): Promise<void>;
  /**
   * Changes group, tags or admission; by its id or name. Jobs that it has stay with it.
   * @throws UserError `worker-not-found` (404), `invalid-worker-name`, `invalid-request` for a tag
   */
  changeWorker(worker: string, change: WorkerChange, changedBy: string): Promise<WorkerResource>;
  /** Groups of workers, and what is set for them. */
  readonly groups: WorkerGroups;
  /** Closes the links of a worker whose principal's tokens were revoked. */
  closeLinksOf(principalId: string): void;
  /** Closes the links that were opened with one of these tokens. */
  closeLinksOfTokens(tokenIds: ReadonlySet<string>): void;
  /** Whether a worker sends its records to this service: behind a load balancer that may be another than has its control link. */
  bringsRecords(workerId: string): boolean;
  /** By name, of these groups (in lower case) or of all; `after` is the `next` of the page before. */
  listWorkers(page?: { groups?: readonly string[]; after?: string; limit?: number }): Promise<Page<WorkerResource>>;
  /** By its id or name. @throws UserError `worker-not-found` (404) */
  getWorker(worker: string): Promise<WorkerResource>;

  /** What a PowerShell script declares, by a connected worker; null when none can say. @throws UserError `analysis-failed` */
  analysePowerShell(name: string, script: string): Promise<Analysis | null>;
  /** Calls back whenever a worker with PowerShell has come. @returns a function that ends it */
  onPowerShellAvailable(listener: () => void): () => void;

  /** Who gets the frames about jobs; must be called before `start`. */
  attachJobs(handler: JobLinkHandler): void;
  connected(workerId: string): ConnectedWorker | undefined;
  allConnected(): ConnectedWorker[];

  start(): void;
  /**
   * Stops for a planned restart: leases are extended first, then the links are closed; hosts run on.
   * @param extension milliseconds in which the next service has to be there
   */
  stop(extension?: number): Promise<void>;
}

/** How long the workers of a restarting service keep their hosts, in milliseconds. */
const restartExtension = 60_000;

/** Builds what stands on the service's side of workers, wires it, and says what of it others may use. */
export function createWorkersFeature(options: WorkersOptions): WorkersFeature {
  const { store, logger } = options;
  const leases = leasesOf(options);
  let attached: JobLinkHandler | undefined;
  const jobs = () => attached;
  const badFrame = ({ workerId }: { workerId: string }, problem: string) =>
    logger.error("a worker sent a bad frame; its link is closed", { workerId, problem });

  const registry = new WorkerRegistry<ControlLink>();
  const analyses = new AnalysisRequests();
  const renewal = new LeaseRenewal(store, logger, leases, (link) => control.termsChanged(link));
  const { version } = options;
  const greetings = new WorkerGreetings({ store, logger, leases, registry, analyses, jobs, version });
  const control = new ControlLinks({ store, logger, registry, greetings, renewal, analyses, jobs, badFrame });
  const records = new RecordsLinks({ store, registry, jobs, badFrame });
  const upgrades = new LinkUpgrades({
    store,
    logger,
    authenticate: (request) => options.authenticate(request),
    controlOpened: (socket, worker) => control.open(socket, worker),
    recordsOpened: (socket, wire, worker) => records.open(socket, wire, worker),
  });
  const watch = new LeaseWatch({
    store,
    logger,
    clock: options.clock ?? systemClock,
    leadership: options.leadership ?? soleLeader,
    lease: Math.max(leases.usual, ...Object.values(leases.byGroup)),
    lost: (workerIds, effects) => control.lost(workerIds, effects),
  });
  const revoke = (isMeant: (link: { principalId: string; tokenId: string | null }) => boolean) => {
    for (const link of [...control.all(), ...records.all()]) {
      if (isMeant(link)) {
        link.close(linkCloseCodes.unauthorized, "the worker's token was revoked");
      }
    }
  };
  const closeLinksOf = (principalId: string) => revoke((link) => link.principalId === principalId);

  const registration = new WorkerRegistration(options);
  const administration = new WorkerAdministration({
    store,
    changed: (worker) => control.workerChanged(worker),
    removed: (principalId) => {
      options.tokensRevoked(principalId);
      closeLinksOf(principalId);
    },
  });

  return {
    handleUpgrade: (request, socket, head) => upgrades.take(request, socket, head),
    createWorker: (worker) => registration.create(worker),
    freshToken: (of) => registration.freshToken(of),
    removeWorker: (worker) => administration.remove(worker),
    changeWorker: (worker, change, changedBy) => administration.change(worker, change, changedBy),
    listWorkers: (page) => administration.list(page),
    getWorker: (worker) => administration.get(worker),
    groups: new WorkerGroups(store),
    closeLinksOf,
    closeLinksOfTokens: (tokenIds) => revoke(({ tokenId }) => tokenId !== null && tokenIds.has(tokenId)),
    bringsRecords: (workerId) => records.has(workerId),
    analysePowerShell: (name, script) => analyses.analyse(registry.all(), name, script),
    onPowerShellAvailable: (listener) => analyses.onAvailable(listener),
    attachJobs(handler) {
      attached = handler;
    },
    connected: (workerId) => registry.get(workerId),
    allConnected: () => registry.all(),
    start() {
      control.start();
      watch.start();
    },
    async stop(extension = restartExtension) {
      upgrades.stop();
      control.stop();
      await watch.stop();
      await renewal.extend(registry, extension);
      for (const link of [...control.all(), ...records.all()]) {
        link.close(linkCloseCodes.shuttingDown, "the service is being restarted");
      }
    },
  };
}

function leasesOf({ leaseDuration = defaultLeaseDuration, leaseDurations = {} }: WorkersOptions): LeaseDurations {
  const byGroup = Object.entries(leaseDurations).map(([group, duration]) => [group.toLowerCase(), duration]);
  return { usual: leaseDuration, byGroup: Object.fromEntries(byGroup) as Record<string, number> };
}
