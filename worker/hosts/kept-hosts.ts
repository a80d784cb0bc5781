import { availableParallelism } from "node:os";
import type { Grant } from "../../src/contract/grant.ts";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { grantsUnchanged } from "../sandbox/prepared-grants.ts";
import type { HostProcess } from "./host-process.ts";
import { ProcessorWatch } from "./processor-watch.ts";
import type { Profile } from "./profile.ts";
import { profileKey } from "./profile.ts";
import { ReadingPace } from "./reading-pace.ts";
import type { WarmPool } from "./warm-pool.ts";

/*
 * Hosts that serve one job after another, of runbooks that an administrator allowed to share them, by what those jobs have in
 * common: kind, grants and the service's key (version and starter). A host that is new to a key comes from the warm pool, and
 * never goes back there.
 *
 * Where the processors have no time to spare and jobs of the key are short, a job waits for a host that serves another, at most about as long as a start
 * would take: further hosts would take their starts, and all that they have to compile, from the jobs that run. So it does when the pool has a host
 * at hand, which would have to be replaced.
 *
 * A host itself says after each job that nothing of it is left, and ends otherwise. Here it ends when it has served long
 * enough, when nobody needs it, and when what it was granted is not what the grant means any more.
 */

export interface KeptHostsOptions {
  pool: WarmPool;
  /** Whether a host's processes and private folders are its own, so that they can be cleared between jobs. */
  sandboxed: boolean;
  /** Hosts that may wait for a further job at once. */
  most: number;
  /** Bytes that they may hold while they wait for longer than a moment. */
  memory: number;
  /** Where left out, one of its own. */
  processors?: Pick<ProcessorWatch, "areScarce">;
  /** What one host may do; as `defaultServiceLimits` where left out. */
  limits?: Partial<ServiceLimits>;
}

export interface ServiceLimits {
  /** Jobs, one after another. */
  jobs: number;
  /** Milliseconds after its first hand-over in which it may begin another. */
  time: number;
  /** Milliseconds that it may wait for the next. */
  wait: number;
}

export const defaultServiceLimits: Readonly<ServiceLimits> = { jobs: 5_000, time: 10 * 60_000, wait: 30_000 };

/** Within this time a host is between two jobs and does not count as waiting, in milliseconds. */
const moment = 1_000;
const sweepInterval = 1_000;
/** A host that takes longer than this to be ready again does not become it, in milliseconds. */
const restTimeLimit = 10_000;

/** What a host that has served jobs holds while it waits, in bytes (proportional set size, measured). */
const waitingCost: Readonly<Record<HostKind, number>> = { node: 64 * 1024 ** 2, pwsh: 130 * 1024 ** 2 };

/** How long a job waits for a host that serves another before it has one started, in milliseconds: about what a start takes. */
const patience: Readonly<Record<HostKind, number>> = { node: 50, pwsh: 500 };

const emptiedFolders: readonly string[] = ["/tmp", "/dev/shm"];

const processors = availableParallelism();

interface Waiter {
  /** Looks for a host in the pool too; null when it does already. */
  begin: (() => void) | null;
  /** Ends that. */
  readonly search: AbortController;
  readonly kind: HostKind;
  /** Until it does so, where it waits for a host that serves another job. */
  timer: NodeJS.Timeout | undefined;
  resolve(host: HostProcess): void;
}

interface Shelf {
  /** Ready for a further job, the one used last at the end. */
  readonly idle: { host: HostProcess; since: number }[];
  /** With a job. */
  serving: number;
  /** How long its hosts usually have a job before they can have the next, in milliseconds; null before one could. */
  usualTime: number | null;
  /** On their way from one job to being ready for the next. */
  resting: number;
  readonly waiters: Waiter[];
}

interface Service {
  readonly since: number;
  jobs: number;
  /** Whose job it has, and since when. */
  serving: Shelf | null;
  begunAt: number;
  /** The process is over. */
  gone: boolean;
  /** Where it is on its way to being ready. */
  resting: Shelf | null;
}

export class KeptHosts {
  /** For hosts of jobs that come in quick succession. */
  readonly readingPace = new ReadingPace();
  readonly #options: KeptHostsOptions;
  readonly #limits: ServiceLimits;
  readonly #shelves = new Map<string, Shelf>();
  readonly #services = new WeakMap<HostProcess, Service>();
  readonly #resting = new Set<HostProcess>();
  readonly #processors: Pick<ProcessorWatch, "areScarce">;
  readonly #sweeper: NodeJS.Timeout;
  #closed = false;

  constructor(options: KeptHostsOptions) {
    this.#options = options;
    this.#processors = options.processors ?? new ProcessorWatch();
    this.#limits = { ...defaultServiceLimits, ...options.limits };
    this.#sweeper = setInterval(() => this.#sweep(), sweepInterval).unref();
  }

  /**
   * The private folders of hosts of this profile, which they empty between two jobs; null where a host can serve one job
   * only, because its processes or its folders cannot be told from others'.
   */
  privateFolders({ grants }: Profile): readonly string[] | null {
    const touches = ({ destination }: { destination: string }): boolean =>
      emptiedFolders.some((folder) => destination === folder || destination.startsWith(`${folder}/`));
    return this.#options.sandboxed && !grants.processes && !grants.paths.some(touches) ? emptiedFolders : null;
  }

  /** A host for a job, one that served others of the same key if there is one; else as `WarmPool.take`. */
  async take(kind: HostKind, grants: readonly Grant[], reuseKey: string, signal: AbortSignal): Promise<HostProcess> {
    const shelf = this.#shelfOf(shelfKey(profileKey(kind, grants), reuseKey));
    for (let waiting = shelf.idle.pop(); waiting !== undefined; waiting = shelf.idle.pop()) {
      const { host } = waiting;
      const isGranted = await isGrantedStill(host);
      if (this.#services.get(host)?.gone === true) continue;
      if (isGranted) return this.#begin(host, shelf);
      host.kill();
    }
    return this.#begin(await this.#wait(shelf, kind, grants, signal), shelf);
  }

  /** A job is over and its host goes on, or ends if it has served long enough. */
  giveBack(host: HostProcess, reuseKey: string): void {
    const service = this.#services.get(host);
    if (service !== undefined) served(service);
    const isSpent =
      service === undefined ||
      service.jobs >= this.#limits.jobs ||
      performance.now() - service.since > this.#limits.time;
    const shelf = this.#shelfOf(shelfKey(host.profile.key, reuseKey));
    if (this.#closed || isSpent) {
      host.kill();
      this.#searchForWaiters(shelf);
      return;
    }
    noteTime(shelf, performance.now() - service.begunAt);
    shelf.resting++;
    service.resting = shelf;
    this.#resting.add(host);
    const overdue = setTimeout(() => host.kill(), restTimeLimit).unref();
    void host.release().then(async () => {
      clearTimeout(overdue);
      const isUsable = shelf.waiters.length === 0 || (await isGrantedStill(host));
      if (!this.#rested(host, service)) return;
      if (this.#closed || !isUsable) {
        host.kill();
        this.#searchForWaiters(shelf);
      } else this.#ready(shelf, host);
    });
  }

  /** Ends every host that waits; resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    const ending = [...this.#shelves.values()].flatMap(({ idle }) => idle.splice(0).map(({ host }) => host));
    ending.push(...this.#resting);
    for (const host of ending) host.kill();
    await Promise.all(ending.map((host) => host.gone));
  }

  #begin(host: HostProcess, shelf: Shelf): HostProcess {
    this.readingPace.noteHandOver();
    const service = this.#services.get(host) ?? this.#newService(host);
    service.jobs++;
    service.begunAt = performance.now();
    if (!service.gone) {
      service.serving = shelf;
      shelf.serving++;
    }
    return host;
  }

  #newService(host: HostProcess): Service {
    const service: Service = {
      since: performance.now(),
      jobs: 0,
      serving: null,
      begunAt: 0,
      gone: false,
      resting: null,
    };
    this.#services.set(host, service);
    void host.gone.then(() => this.#lost(host, service));
    return service;
  }

  /** @returns whether the host was on its way to being ready */
  #rested(host: HostProcess, service: Service): boolean {
    if (service.resting === null) return false;
    service.resting.resting--;
    service.resting = null;
    return this.#resting.delete(host);
  }

  #lost(host: HostProcess, service: Service): void {
    service.gone = true;
    const shelf = service.serving ?? service.resting;
    served(service);
    this.#rested(host, service);
    if (shelf !== null) this.#searchForWaiters(shelf);
    for (const { idle } of this.#shelves.values()) {
      const index = idle.findIndex((waiting) => waiting.host === host);
      if (index >= 0) idle.splice(index, 1);
    }
  }

  #shelfOf(key: string): Shelf {
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      shelf = { idle: [], serving: 0, usualTime: null, resting: 0, waiters: [] };
      this.#shelves.set(key, shelf);
    }
    return shelf;
  }

  #ready(shelf: Shelf, host: HostProcess): void {
    const waiter = shelf.waiters.shift();
    if (waiter === undefined) {
      shelf.idle.push({ host, since: performance.now() });
      this.#bound();
      return;
    }
    waiter.resolve(host);
    waiter.search.abort();
  }

  /** The first of: a host of the shelf that becomes ready, and one of the pool's, asked for only by those that are too many for the former. */
  async #wait(shelf: Shelf, kind: HostKind, grants: readonly Grant[], signal: AbortSignal): Promise<HostProcess> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<HostProcess>();
    const search = new AbortController();
    const leave = (): boolean => {
      const index = shelf.waiters.indexOf(waiter);
      if (index >= 0) shelf.waiters.splice(index, 1);
      return index >= 0;
    };
    const abort = (): void => {
      search.abort(signal.reason);
      if (leave()) reject(signal.reason);
    };
    const waiter: Waiter = {
      search,
      kind,
      timer: undefined,
      begin: () => {
        waiter.begin = null;
        this.#options.pool.take(kind, grants, search.signal).then(
          (host) => {
            if (leave()) resolve(host);
            // Both came at once; this one has not run anything, but nobody takes it back.
            else host.kill();
          },
          (error: unknown) => {
            if (leave()) reject(error);
          },
        );
      },
      resolve,
    };
    signal.addEventListener("abort", abort, { once: true });
    shelf.waiters.push(waiter);
    this.#searchForWaiters(shelf);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      clearTimeout(waiter.timer);
    }
  }

  /** Has as many jobs look for a host in the pool as there are more of them than hosts on their way; in a while, where it is better to wait. */
  #searchForWaiters(shelf: Shelf): void {
    for (const waiter of shelf.waiters.slice(shelf.resting)) {
      if (waiter.begin === null) continue;
      if (this.#isWaitingBetter(shelf, patience[waiter.kind])) {
        waiter.timer ??= setTimeout(() => waiter.begin?.(), patience[waiter.kind]);
      } else waiter.begin();
    }
  }

  #isWaitingBetter({ serving, usualTime }: Shelf, longest: number): boolean {
    return serving >= processors && usualTime !== null && usualTime < longest && this.#processors.areScarce;
  }

  /** Ends hosts that wait beyond what may. */
  #bound(): void {
    let waiting = 0;
    for (const { idle } of this.#shelves.values()) waiting += idle.length;
    for (; waiting > this.#options.most; waiting--) this.#endOldest();
  }

  #endOldest(waitedFor = 0): boolean {
    const until = performance.now() - waitedFor;
    let oldest: Shelf | undefined;
    for (const shelf of this.#shelves.values()) {
      const since = shelf.idle[0]?.since ?? Number.POSITIVE_INFINITY;
      if (since <= until && since < (oldest?.idle[0]?.since ?? Number.POSITIVE_INFINITY)) oldest = shelf;
    }
    const host = oldest?.idle.shift()?.host;
    host?.kill();
    return host !== undefined;
  }

  #sweep(): void {
    while (this.#endOldest(this.#limits.wait));
    const waitingBytes = (): number => {
      let bytes = 0;
      for (const { idle } of this.#shelves.values())
        for (const { host } of idle) bytes += waitingCost[host.profile.kind];
      return bytes;
    };
    while (waitingBytes() > this.#options.memory && this.#endOldest(moment));
    for (const [key, { idle, serving, resting, waiters }] of this.#shelves)
      if (idle.length + serving + resting + waiters.length === 0) this.#shelves.delete(key);
  }
}

/** Weighs what was lately more than what was once. */
function noteTime(shelf: Shelf, time: number): void {
  shelf.usualTime = shelf.usualTime === null ? time : shelf.usualTime + (time - shelf.usualTime) / 8;
}

/** The host has no job any more. */
function served(service: Service): void {
  if (service.serving !== null) service.serving.serving--;
  service.serving = null;
}

/** What a host without granted paths sees does not change. */
async function isGrantedStill({ profile: { grants } }: HostProcess): Promise<boolean> {
  return grants.paths.length === 0 || (await grantsUnchanged(grants));
}

function shelfKey(profile: string, reuseKey: string): string {
  return `${profile}\n\n${reuseKey}`;
}
