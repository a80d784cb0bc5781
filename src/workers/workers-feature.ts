import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";
import { HeldUp } from "../access/held-up.ts";
import type { Analysis } from "../contract/analysis.ts";
import type { Page } from "../contract/api/page.ts";
import type { NewWorkerResource, WorkerResource } from "../contract/api/worker.ts";
import { isId } from "../contract/id.ts";
import type { HelloFrame, WorkerControlFrame } from "../contract/link/control-frames.ts";
import { controlPath, linkCloseCodes, linkProtocolVersion } from "../contract/link/control-frames.ts";
import type { RecordsHelloFrame } from "../contract/link/records-frames.ts";
import { recordsPath } from "../contract/link/records-frames.ts";
import type { Logger } from "../contract/logger.ts";
import { defaultLeaseDuration } from "../contract/session-limits.ts";
import { UserError } from "../contract/user-error.ts";
import type { Leadership } from "../services/duty-leader.ts";
import { soleLeader } from "../services/duty-leader.ts";
import type { JobEffects } from "../store/operations/jobs.ts";
import type { LeaseDurations, StoredWorker } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";
import { AnalysisRequests } from "./analysis-requests.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { ConnectedWorker, JobLinkHandler } from "./connected-worker.ts";
import { ControlLink } from "./control-link.ts";
import { LeaseRenewal } from "./lease-renewal.ts";
import { LeaseWatch } from "./lease-watch.ts";
import type { RecordsRefusal } from "./records-link.ts";
import { RecordsLink } from "./records-link.ts";
import type { WorkerChange } from "./worker-change.ts";
import { checkedChange } from "./worker-change.ts";
import { WorkerGroups } from "./worker-groups.ts";
import type { WorkerToRegister } from "./worker-registration.ts";
import { WorkerRegistration } from "./worker-registration.ts";
import { WorkerRegistry } from "./worker-registry.ts";
import { workerResource } from "./worker-resource.ts";

/*
 * Workers: who they are, the two sockets each of them opens, and their leases.
 *
 *   handleUpgrade  the web server hands over every upgrade request; those of workers are taken
 *   control link   hello → welcome, heartbeats → leases, frames about jobs → the jobs feature (`JobLinkHandler`)
 *   records link   records and ends → the jobs feature
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
  /** Who sent this request, by its token; null when the token is good for nothing. */
  authenticate(request: IncomingMessage): Promise<{ principalId: string; kind: string; tokenId?: string } | null>;
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

/** A link over which nothing came for so many leases is dead; looked for this often, in milliseconds. */
const silentLeases = 2;
const silenceInterval = 5_000;

/** Workers of a page where nothing else is asked for. */
const defaultPage = 100;

/** Bytes of one frame. An analysis holds a script, a batch of records at least one record. */
const largestControlFrame = 32 * 1024 * 1024;
const largestRecordsFrame = 8 * 1024 * 1024;

/** The code of a socket that its other end closed because it was done. */
const orderlyClose = 1000;

/** How long the workers of a restarting service keep their hosts, in milliseconds. */
const restartExtension = 60_000;

export function createWorkersFeature(options: WorkersOptions): WorkersFeature {
  return new Workers(options);
}

class Workers implements WorkersFeature {
  readonly #options: WorkersOptions;
  readonly #store: WorkersOptions["store"];
  readonly #logger: Logger;
  readonly #registration: WorkerRegistration;
  readonly #registry = new WorkerRegistry<ControlLink>();
  readonly #links = new Set<ControlLink>();
  /** Those that have said hello, by worker. */
  readonly #recordsLinks = new Map<string, RecordsLink>();
  readonly #allRecordsLinks = new Set<RecordsLink>();
  /** By worker, until when its hello is being answered. */
  readonly #greetings = new Map<string, Promise<void>>();
  readonly #analyses = new AnalysisRequests();
  readonly #leases: LeaseDurations;
  readonly #groups: WorkerGroups;
  readonly #renewal: LeaseRenewal;
  readonly #watch: LeaseWatch;
  readonly #controlServer = socketServer(largestControlFrame);
  readonly #recordsServer = socketServer(largestRecordsFrame);
  #jobs: JobLinkHandler | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#logger = options.logger;
    this.#registration = new WorkerRegistration(options);
    this.#leases = leasesOf(options);
    this.#renewal = new LeaseRenewal(options.store, options.logger, this.#leases, (link) => this.#termsChanged(link));
    this.#groups = new WorkerGroups(options.store);
    const longest = Math.max(this.#leases.usual, ...Object.values(this.#leases.byGroup));
    const lost = (workerIds: string[], effects: JobEffects) => this.#lost(workerIds, effects);
    this.#watch = new LeaseWatch({
      store: options.store,
      logger: options.logger,
      clock: options.clock ?? systemClock,
      leadership: options.leadership ?? soleLeader,
      lease: longest,
      lost,
    });
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    // Not as a URL: whoever connects may write anything there, `//` among it, and this is before any token is seen.
    const path = request.url?.split("?", 1)[0];
    if (path !== controlPath && path !== recordsPath) {
      return false;
    }
    socket.on("error", () => undefined);
    this.#accept(request, socket, head, path).catch((error: unknown) => {
      this.#logger.error("a worker's connection failed", { error: String(error) });
      socket.destroy();
    });
    return true;
  }

  createWorker(worker: WorkerToRegister): Promise<NewWorkerResource> {
    return this.#registration.create(worker);
  }

  freshToken(of: { name: string; group: string }): Promise<string> {
    return this.#registration.freshToken(of);
  }

  async changeWorker(worker: string, change: WorkerChange, changedBy: string): Promise<WorkerResource> {
    const { workerId } = await this.#find(worker);
    const changed = await this.#store.write.changeWorker({ workerId, ...checkedChange(change), changedBy });
    if (changed === null) {
      throw workerNotFound(worker);
    }
    const link = this.#registry.get(workerId);
    if (link?.setTerms(changed)) {
      this.#termsChanged(link);
    }
    return workerResource(changed);
  }

  get groups(): WorkerGroups {
    return this.#groups;
  }

  async removeWorker(worker: string): Promise<void> {
    const { workerId } = await this.#find(worker);
    const removed = await this.#store.write.removeWorker({ workerId });
    if (removed === null) {
      throw workerNotFound(worker);
    }
    this.#options.tokensRevoked(removed.principalId);
    this.closeLinksOf(removed.principalId);
  }

  closeLinksOf(principalId: string): void {
    this.#revoke((link) => link.principalId === principalId);
  }

  closeLinksOfTokens(tokenIds: ReadonlySet<string>): void {
    this.#revoke(({ tokenId }) => tokenId !== null && tokenIds.has(tokenId));
  }

  #revoke(isMeant: (link: { principalId: string; tokenId: string | null }) => boolean): void {
    for (const link of [...this.#links, ...this.#allRecordsLinks]) {
      if (isMeant(link)) {
        link.close(linkCloseCodes.unauthorized, "the worker's token was revoked");
      }
    }
  }

  bringsRecords(workerId: string): boolean {
    return this.#recordsLinks.has(workerId);
  }

  async listWorkers(
    page: { groups?: readonly string[]; after?: string; limit?: number } = {},
  ): Promise<Page<WorkerResource>> {
    const { items, next } = await this.#store.read.workers({ limit: defaultPage, ...page });
    return { items: items.map(workerResource), next };
  }

  async getWorker(worker: string): Promise<WorkerResource> {
    return workerResource(await this.#find(worker));
  }

  async #find(worker: string): Promise<StoredWorker> {
    const id = worker.toLowerCase();
    const found = isId(id)
      ? await this.#store.read.worker({ workerId: id })
      : await this.#store.read.workerByName({ name: worker });
    return found ?? throwNotFound(worker);
  }

  analysePowerShell(name: string, script: string): Promise<Analysis | null> {
    return this.#analyses.analyse(this.#registry.all(), name, script);
  }

  onPowerShellAvailable(listener: () => void): () => void {
    return this.#analyses.onAvailable(listener);
  }

  attachJobs(handler: JobLinkHandler): void {
    this.#jobs = handler;
  }

  connected(workerId: string): ConnectedWorker | undefined {
    return this.#registry.get(workerId);
  }

  allConnected(): ConnectedWorker[] {
    return this.#registry.all();
  }

  start(): void {
    this.#silenceTimer = setInterval(() => this.#closeSilent(), silenceInterval);
    this.#silenceTimer.unref();
    this.#watch.start();
  }

  async stop(extension = restartExtension): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#silenceTimer);
    await this.#watch.stop();
    await this.#extendLeases(extension);
    for (const link of [...this.#links, ...this.#allRecordsLinks]) {
      link.close(linkCloseCodes.shuttingDown, "the service is being restarted");
    }
  }

  /** The other end of a link may be gone without a word, and its worker be at another service. */
  #closeSilent(): void {
    const now = performance.now();
    for (const link of this.#registry.all()) {
      if (now - link.heardAt > silentLeases * link.leaseDuration) {
        this.#logger.warn("nothing was heard over a worker's link; it is closed", {
          workerId: link.workerId,
          worker: link.name,
        });
        link.close(linkCloseCodes.shuttingDown, "nothing was heard for two leases; connect again");
      }
    }
  }

  async #extendLeases(extension: number): Promise<void> {
    const links = this.#registry.all();
    try {
      const { serviceTime, renewed } = await this.#store.write.renewLeases({
        workers: links.map((link) => ({
          workerId: link.workerId,
          instanceId: link.instanceId,
        })),
        leases: this.#leases,
        atLeast: extension,
      });
      for (const { workerId, leaseDuration } of renewed) {
        const link = this.#registry.get(workerId);
        // Read from the last heartbeat on, as every acknowledgement is.
        const sequence = link?.lastHeartbeat?.sequence ?? 0;
        link?.send({ type: "heartbeat-acknowledged", sequence, serviceTime, leaseDuration });
      }
    } catch (error) {
      this.#logger.error("leases could not be extended before the restart", { error: String(error) });
    }
  }

  async #accept(request: IncomingMessage, socket: Duplex, head: Buffer, path: string): Promise<void> {
    const principal = await this.#options.authenticate(request).catch((error: unknown) => {
      if (!(error instanceof HeldUp)) {
        throw error;
      }
      const head = `HTTP/1.1 429 Too Many Requests\r\nRetry-After: ${error.retryAfter}\r\nConnection: close`;
      socket.end(`${head}\r\nContent-Length: 0\r\n\r\n`);
      return "held-up" as const;
    });
    if (principal === "held-up") {
      return;
    }
    const worker =
      principal === null || principal.kind !== "worker"
        ? null
        : await this.#store.read.workerOfPrincipal({ principalId: principal.principalId });
    const tokenId = principal?.tokenId ?? null;
    const server = path === controlPath ? this.#controlServer : this.#recordsServer;
    server.handleUpgrade(request, socket, head, (webSocket) => {
      if (this.#stopping) {
        webSocket.close(linkCloseCodes.shuttingDown, "the service is shutting down");
      } else if (worker === null) {
        webSocket.on("error", () => undefined);
        webSocket.close(linkCloseCodes.unauthorized, "this token opens no worker link");
      } else if (path === controlPath) {
        this.#openControl(webSocket, { ...worker, tokenId });
      } else {
        this.#openRecords(webSocket, { ...worker, tokenId });
      }
    });
  }

  #openControl(socket: WebSocket, worker: LinkedWorker): void {
    const link = new ControlLink(socket, worker, {
      hello: (of, frame) => {
        this.#greetInTurn(of, frame).catch((error: unknown) => {
          this.#logger.error("a worker's hello could not be stored", { workerId: of.workerId, error: String(error) });
          of.close(linkCloseCodes.shuttingDown, "the hello could not be stored; connect again");
        });
      },
      frame: (of, frame) => this.#received(of, frame),
      badFrame: (of, problem) => this.#badFrame(of, problem),
      closed: (of, code) => this.#controlClosed(of, code),
    });
    this.#links.add(link);
  }

  /** One hello of a worker at a time, in the order in which they came: the last one says what it has now. */
  #greetInTurn(link: ControlLink, frame: HelloFrame): Promise<void> {
    const { workerId } = link;
    const greeted = (this.#greetings.get(workerId) ?? Promise.resolve()).then(() => this.#greet(link, frame));
    const over = greeted
      .catch(() => undefined)
      .then(() => {
        if (this.#greetings.get(workerId) === over) {
          this.#greetings.delete(workerId);
        }
      });
    this.#greetings.set(workerId, over);
    return greeted;
  }

  async #greet(link: ControlLink, frame: HelloFrame): Promise<void> {
    if (Math.abs(frame.protocol - linkProtocolVersion) > 1) {
      this.#logger.error("a worker speaks a protocol that this service does not", {
        workerId: link.workerId,
        worker: link.name,
        protocol: frame.protocol,
        version: frame.version,
      });
      link.close(linkCloseCodes.versionRefused, this.#refusal(frame));
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
    const welcome = await this.#store.write.helloWorker({ ...hello, leases: this.#leases });
    if (welcome === null) {
      link.close(linkCloseCodes.unauthorized, "the worker was removed");
      return;
    }
    link.setTerms(welcome);
    const { keep, effects, serviceTime, group, leaseDuration } = welcome;
    if (!link.isOpen) {
      // It was stored all the same, so what it did to jobs has to be told.
      this.#jobs?.attemptsLost(effects);
      return;
    }
    const former = this.#registry.add(link);
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
    this.#logger.info("a worker has connected", {
      workerId: link.workerId,
      worker: link.name,
      group,
      slots,
      hostKinds: hostKinds.map(({ kind }) => kind).join(","),
      keptJobs: keep.length,
    });
    this.#jobs?.workerConnected(link, keep, effects);
    if (link.admission === "draining") {
      link.askToDrain();
    }
    this.#analyses.connected(link);
  }

  #received(link: ControlLink, frame: Exclude<WorkerControlFrame, HelloFrame>): void {
    switch (frame.type) {
      case "heartbeat":
        link.lastHeartbeat = frame;
        if (!this.#stopping) {
          this.#renewal.heartbeat(link, frame);
        }
        this.#jobs?.workerChanged(link);
        break;
      case "draining":
        this.#drain(link);
        break;
      case "analysis":
        this.#analyses.answered(link, frame);
        break;
      case "job-declined":
        this.#jobs?.jobDeclined(link, frame);
        break;
      case "script-needed":
        this.#jobs?.scriptNeeded(link, frame);
        break;
      case "asset-request":
        this.#jobs?.assetRequested(link, frame);
        break;
      case "runbook-request":
        this.#jobs?.runbookRequested(link, frame);
        break;
    }
  }

  /** Leases have ended. A link that stands all the same belongs to a worker that says nothing: it gets no jobs any more. */
  #lost(workerIds: string[], effects: JobEffects): void {
    this.#jobs?.attemptsLost(effects);
    for (const workerId of workerIds) {
      this.#registry.get(workerId)?.close(linkCloseCodes.shuttingDown, "the lease has ended; connect again");
    }
  }

  #drain(link: ControlLink): void {
    link.draining = true;
    this.#logger.info("a worker takes no further jobs", { workerId: link.workerId, worker: link.name });
    this.#jobs?.workerChanged(link);
    const { workerId, instanceId } = link;
    this.#store.write.drainWorker({ workerId, instanceId }).catch((error: unknown) => {
      this.#logger.error("a worker's draining could not be stored", { workerId, error: String(error) });
    });
  }

  #controlClosed(link: ControlLink, code: number): void {
    this.#links.delete(link);
    this.#analyses.closed(link);
    if (this.#registry.remove(link)) {
      const { workerId, instanceId } = link;
      this.#logger.info("a worker's link has closed", { workerId, worker: link.name });
      this.#jobs?.workerDisconnected(link);
      if (link.draining && code === orderlyClose) {
        this.#store.write.workerLeft({ workerId, instanceId }).catch((error: unknown) => {
          this.#logger.error("a worker's leaving could not be stored", { workerId, error: String(error) });
        });
      }
    }
  }

  /** An operator changed what a worker of this service may have. */
  #termsChanged(link: ControlLink): void {
    const { workerId, name, group, tags, admission } = link;
    this.#logger.info("a worker's group, tags or admission changed", {
      workerId,
      worker: name,
      group,
      tags: tags.join(","),
      admission,
    });
    if (admission === "draining") {
      link.askToDrain();
    }
    this.#jobs?.workerTermsChanged(link);
  }

  #refusal({ protocol }: HelloFrame): string {
    const own = linkProtocolVersion;
    const older = protocol < own ? "worker" : "service";
    const { version } = this.#options;
    const service = version === undefined ? "the service" : `the service (Runsmith ${version})`;
    return `${service} speaks link protocol ${own}, the worker ${protocol}: upgrade the ${older}`;
  }

  #openRecords(socket: WebSocket, worker: LinkedWorker): void {
    const opened = new RecordsLink(socket, worker, {
      hello: (link, frame) => this.#greetRecords(link, frame),
      appended: (link, frame, bytes) => this.#jobs?.recordsReceived(link, frame, bytes),
      badFrame: (link, problem) => this.#badFrame(link, problem),
      closed: (link) => {
        this.#allRecordsLinks.delete(link);
        if (this.#recordsLinks.get(link.workerId) === link) {
          this.#recordsLinks.delete(link.workerId);
        }
      },
    });
    this.#allRecordsLinks.add(opened);
  }

  #greetRecords(link: RecordsLink, frame: RecordsHelloFrame): RecordsRefusal | null | Promise<RecordsRefusal | null> {
    if (frame.workerId !== link.workerId) {
      return { code: linkCloseCodes.unauthorized, reason: "this token belongs to another worker" };
    }
    if (this.#registry.get(link.workerId)?.instanceId === frame.instanceId) {
      return this.#takeRecordsLink(link);
    }
    return this.#store.isShared && frame.elsewhere !== false ? this.#greetRecordsOfOther(link, frame) : controlFirst;
  }

  /** The control link may stand at another service: the database knows which instance said hello last. */
  async #greetRecordsOfOther(link: RecordsLink, frame: RecordsHelloFrame): Promise<RecordsRefusal | null> {
    const worker = await this.#store.read.worker({ workerId: link.workerId });
    const isThere = worker?.status === "connected" || worker?.status === "draining";
    return isThere && worker.instanceId === frame.instanceId ? this.#takeRecordsLink(link) : controlFirst;
  }

  #takeRecordsLink(link: RecordsLink): null {
    if (!this.#allRecordsLinks.has(link)) {
      return null;
    }
    this.#recordsLinks.get(link.workerId)?.close(linkCloseCodes.replaced, "another link of this worker took over");
    this.#recordsLinks.set(link.workerId, link);
    return null;
  }

  #badFrame(link: { workerId: string }, problem: string): void {
    this.#logger.error("a worker sent a bad frame; its link is closed", { workerId: link.workerId, problem });
  }
}

/** Whose links are opened, and with which token. */
type LinkedWorker = StoredWorker & { tokenId: string | null };

const controlFirst: RecordsRefusal = {
  code: linkCloseCodes.shuttingDown,
  reason: "open the control socket first",
};

function socketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false, clientTracking: false });
}

function leasesOf({ leaseDuration = defaultLeaseDuration, leaseDurations = {} }: WorkersOptions): LeaseDurations {
  const byGroup = Object.entries(leaseDurations).map(([group, duration]) => [group.toLowerCase(), duration]);
  return { usual: leaseDuration, byGroup: Object.fromEntries(byGroup) as Record<string, number> };
}

function throwNotFound(worker: string): never {
  throw workerNotFound(worker);
}

export function workerNotFound(worker: string): UserError {
  return new UserError("worker-not-found", `There is no worker ${worker}.`, {
    status: 404,
    remedy: "List the workers: npx runsmith get-worker.",
  });
}
