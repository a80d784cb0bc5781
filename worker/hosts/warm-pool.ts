import { availableParallelism } from "node:os";
import type { Grant } from "../../src/contract/grant.ts";
import type { Logger } from "../../src/contract/logger.ts";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { hostKinds } from "../../src/contract/runbook-kind.ts";
import { grantsUnchanged } from "../sandbox/prepared-grants.ts";
import type { StartMode } from "./host-priority.ts";
import type { HostProcess } from "./host-process.ts";
import type { HostStarter } from "./host-starter.ts";
import type { Profile } from "./profile.ts";
import { profileKey } from "./profile.ts";

/*
 * Hosts that wait for a job, by profile, and the jobs that wait for a host.
 *
 * A job takes a ready host if there is one. Else a host starts for it directly, without prewarming, as many at a time as the
 * cores can use; whichever host of its profile is ready first goes to the job that has waited longest.
 * Hosts for the pool start one at a time, at low priority, only while no job waits, and not in the first moments after a
 * hand-over: measured, that one rule moved the first line from 4.3-5.1 ms to 2.1-2.4 ms (p50, two cores). Where jobs have taken the last
 * host, they start side by side and sooner: at ten jobs a second, a pool that had once been emptied stayed so, and every job
 * waited 80 ms for its host.
 *
 * Hosts that are ready without a job wanting them: the default profile (no grants) has its base from the start and earns
 * more when jobs find none; every other profile earns up to two by its jobs. Both lose what they earned when they idle.
 */

export interface WarmPoolOptions {
  starter: HostStarter;
  /** Bytes that idle hosts may hold together. */
  memory: number;
  /** The most that the default profile may earn. */
  slots: number;
  /** How many hosts of the default profile wait from the start; 0 for a pool that only starts hosts for jobs. */
  base: Readonly<Partial<Record<HostKind, number>>>;
  logger: Logger;
}

export const defaultBase: Readonly<Record<HostKind, number>> = { node: 2, pwsh: 1 };

/** No host starts for the pool this long after a hand-over, in milliseconds: the job has the cores for itself. */
const quietAfterHandOver: Readonly<Record<HostKind, number>> = { node: 30, pwsh: 400 };
/** The same when no further host waits: the next job would pay for more quiet with a whole start. */
const quietWhenEmpty: Readonly<Record<HostKind, number>> = { node: 10, pwsh: 100 };
/** Whether a host that starts for the pool is ready about as soon as one that starts directly; prewarming PowerShell takes long. */
const poolStartIsFast: Readonly<Record<HostKind, boolean>> = { node: true, pwsh: false };

/** What an idle host costs, in bytes (proportional set size, measured). */
const idleCost: Readonly<Record<HostKind, number>> = { node: 12 * 1024 ** 2, pwsh: 90 * 1024 ** 2 };

const mostEarnedByGrants = 2;
const mostEarnedByDefault = 8;
const mostIdleHosts = 32;
/** A profile without jobs for this long loses what it earned, in milliseconds. */
const idleTime = 10 * 60_000;
/** An idle host older than this is replaced, in milliseconds. */
const hostAge = 30 * 60_000;
const sweepInterval = 30_000;
const firstRetryDelay = 1_000;
const longestRetryDelay = 60_000;
/** A host that is not ready after this long never will be, in milliseconds. */
const startTimeLimit = 60_000;

/** Jobs of a profile that come in quicker succession than this, in milliseconds, need more than one host to be on its way. */
const quickSuccession = 1_000;

interface Waiter {
  resolve(host: HostProcess): void;
  reject(error: Error): void;
}

interface Shelf {
  readonly profile: Profile;
  readonly base: number;
  target: number;
  idle: HostProcess[];
  /** Hosts that are on their way, and those of them that start for a job. */
  starting: number;
  startingDirect: number;
  waiters: Waiter[];
  lastTaken: number;
  /** Starts for the pool that failed, one after the other. */
  failures: number;
  /** Monotonic time before which no host starts for the pool. */
  notBefore: number;
}

export class WarmPool {
  readonly #starter: HostStarter;
  readonly #options: WarmPoolOptions;
  readonly #shelves = new Map<string, Shelf>();
  /** With the shelf of those that start for the pool, null for those that start for a job. */
  readonly #starting = new Map<HostProcess, Shelf | null>();
  readonly #starts = new Set<Promise<void>>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #mostDirectStarts = availableParallelism() + 1;
  #directStarts = 0;
  #poolStarts = 0;
  #refillTimer: NodeJS.Timeout | null = null;
  #refillAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: WarmPoolOptions) {
    this.#options = options;
    this.#starter = options.starter;
    for (const kind of hostKinds) {
      if (!this.#starter.offers(kind)) continue;
      const grants = { network: false, processes: false, paths: [], hidden: [] };
      this.#shelf({ kind, grants, key: profileKey(kind, []), warnings: [] }, options.base[kind] ?? 0);
    }
    this.#sweeper = setInterval(() => this.#sweep(), sweepInterval).unref();
    this.#refill();
  }

  /** Idle hosts of the default profile and all others, by kind. */
  idleHosts(): Partial<Record<HostKind, number>> {
    const counts: Partial<Record<HostKind, number>> = {};
    for (const { profile, idle } of this.#shelves.values())
      counts[profile.kind] = (counts[profile.kind] ?? 0) + idle.length;
    return counts;
  }

  /**
   * A ready host for one job, now if one waits.
   *
   * @param signal When it aborts, the promise rejects with its reason and no host is used up.
   * @throws UserError `grant-unusable`, or HostStartError when a host started for the job did not come up.
   */
  async take(kind: HostKind, grants: readonly Grant[], signal?: AbortSignal): Promise<HostProcess> {
    const shelf = grants.length === 0 ? this.#defaultShelf(kind) : await this.#shelfFor(kind, grants);
    signal?.throwIfAborted();
    if (this.#closed) throw new Error("the worker is closing");
    shelf.lastTaken = performance.now();
    const host = shelf.idle.shift();
    if (host !== undefined) {
      this.#earn(shelf, false);
      this.#refillLater(shelf);
      return host;
    }
    this.#earn(shelf, true);
    return await this.#wait(shelf, signal);
  }

  /** Ends idle and starting hosts, and resolves when they are gone; whoever waits for one is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    if (this.#refillTimer !== null) clearTimeout(this.#refillTimer);
    const ending: HostProcess[] = [];
    for (const shelf of this.#shelves.values()) {
      for (const waiter of shelf.waiters.splice(0)) waiter.reject(new Error("the worker is closing"));
      ending.push(...shelf.idle.splice(0));
    }
    for (const host of [...ending, ...this.#starting.keys()]) host.kill();
    await Promise.all(ending.map((host) => host.gone));
    // Whatever became ready in the meantime was killed for being too many.
    await Promise.all(this.#starts);
  }

  #defaultShelf(kind: HostKind): Shelf {
    const shelf = this.#shelves.get(profileKey(kind, []));
    if (shelf === undefined) throw new Error(`this worker offers no hosts of kind ${kind}`);
    return shelf;
  }

  async #shelfFor(kind: HostKind, grants: readonly Grant[]): Promise<Shelf> {
    const key = profileKey(kind, grants);
    const known = this.#shelves.get(key);
    if (
      known !== undefined &&
      (known.profile.grants.paths.length === 0 || (await grantsUnchanged(known.profile.grants)))
    )
      return known;
    const prepared = await this.#starter.sandbox.prepare(grants);
    const warnings = await this.#starter.warningsOf(prepared);
    if (known !== undefined && this.#shelves.get(key) === known) {
      // What its hosts see is not what the grant means any more.
      this.#shelves.delete(key);
      for (const host of known.idle.splice(0)) host.kill();
    }
    return this.#shelves.get(key) ?? this.#shelf({ kind, grants: prepared, key, warnings }, 0);
  }

  #shelf(profile: Profile, base: number): Shelf {
    const shelf: Shelf = {
      profile,
      base,
      target: base,
      idle: [],
      starting: 0,
      startingDirect: 0,
      waiters: [],
      lastTaken: performance.now(),
      failures: 0,
      notBefore: 0,
    };
    this.#shelves.set(profile.key, shelf);
    return shelf;
  }

  #wait(shelf: Shelf, signal: AbortSignal | undefined): Promise<HostProcess> {
    return new Promise((resolve, reject) => {
      const stopWaiting = (): void => {
        const index = shelf.waiters.indexOf(waiter);
        if (index >= 0) shelf.waiters.splice(index, 1);
        reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      };
      const waiter: Waiter = {
        resolve(host) {
          signal?.removeEventListener("abort", stopWaiting);
          resolve(host);
        },
        reject(error) {
          signal?.removeEventListener("abort", stopWaiting);
          reject(error);
        },
      };
      signal?.addEventListener("abort", stopWaiting, { once: true });
      shelf.waiters.push(waiter);
      for (const [host, forShelf] of this.#starting) if (forShelf === shelf) this.#starter.hurry(host);
      this.#startForWaiters();
    });
  }

  /** As many direct starts as there are jobs without a host on the way, within what the cores can use. */
  #startForWaiters(): void {
    for (const shelf of this.#shelves.values()) {
      const onTheWay = (): number => (poolStartIsFast[shelf.profile.kind] ? shelf.starting : shelf.startingDirect);
      while (shelf.waiters.length > onTheWay() && this.#directStarts < this.#mostDirectStarts)
        this.#start(shelf, "direct");
    }
  }

  #start(shelf: Shelf, mode: StartMode): void {
    shelf.starting++;
    if (mode === "direct") {
      shelf.startingDirect++;
      this.#directStarts++;
    } else this.#poolStarts++;
    const start = this.#startHost(shelf, mode).then((outcome) => {
      this.#starts.delete(start);
      shelf.starting--;
      if (mode === "direct") {
        shelf.startingDirect--;
        this.#directStarts--;
      } else this.#poolStarts--;
      if (!(outcome instanceof Error)) this.#ready(shelf, outcome);
      else if (!this.#closed) this.#startFailed(shelf, mode, outcome);
    });
    this.#starts.add(start);
  }

  /** A host that is ready, or why there is none. */
  async #startHost(shelf: Shelf, mode: StartMode): Promise<HostProcess | Error> {
    let host: HostProcess;
    try {
      host = await this.#starter.start(shelf.profile, mode);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    this.#starting.set(host, mode === "idle" ? shelf : null);
    if (mode === "idle" && shelf.waiters.length > 0) this.#starter.hurry(host);
    const overdue = setTimeout(() => host.kill(), startTimeLimit);
    if (this.#closed) host.kill();
    try {
      await host.ready;
      return host;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      clearTimeout(overdue);
      this.#starting.delete(host);
    }
  }

  #ready(shelf: Shelf, host: HostProcess): void {
    shelf.failures = 0;
    const waiter = shelf.waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(host);
      this.#refillLater(shelf);
    } else if (this.#closed || this.#shelves.get(shelf.profile.key) !== shelf || shelf.idle.length >= shelf.target) {
      host.kill();
    } else {
      shelf.idle.push(host);
      void host.gone.then(() => this.#lost(shelf, host));
    }
    this.#startForWaiters();
    this.#refill();
  }

  #startFailed(shelf: Shelf, mode: StartMode, error: Error): void {
    this.#backOff(shelf);
    // A job that came while a host started for the pool has not had a start of its own yet.
    const waiter = mode === "direct" ? shelf.waiters.shift() : undefined;
    if (waiter !== undefined) waiter.reject(error);
    else
      this.#options.logger.error("A host for the warm pool did not start", {
        kind: shelf.profile.kind,
        reason: error.message,
      });
    this.#startForWaiters();
    this.#refillLater(shelf);
  }

  /** An idle host ended by itself, or was ended from outside. */
  #lost(shelf: Shelf, host: HostProcess): void {
    const index = shelf.idle.indexOf(host);
    if (index < 0) return;
    shelf.idle.splice(index, 1);
    if (this.#closed) return;
    this.#options.logger.warn("An idle host ended and is replaced", { kind: shelf.profile.kind });
    this.#backOff(shelf);
    this.#refillLater(shelf);
  }

  #backOff(shelf: Shelf): void {
    const delay = Math.min(longestRetryDelay, firstRetryDelay * 2 ** shelf.failures);
    shelf.failures++;
    shelf.notBefore = performance.now() + delay;
  }

  /** A job came: its profile is worth a host that waits. */
  #earn(shelf: Shelf, missed: boolean): void {
    const isDefault = shelf.profile.key === shelf.profile.kind;
    if (isDefault && (!missed || shelf.base === 0)) return;
    const most = isDefault
      ? Math.max(shelf.base, Math.min(mostEarnedByDefault, this.#options.slots))
      : mostEarnedByGrants;
    if (shelf.target >= most || this.#options.memory === 0) return;
    if (!this.#makeRoom(shelf)) return;
    shelf.target++;
  }

  /** Whether one more idle host fits, taking from profiles that have idled longer if need be. */
  #makeRoom(shelf: Shelf): boolean {
    const cost = idleCost[shelf.profile.kind];
    const others = [...this.#shelves.values()]
      .filter((other) => other !== shelf && other.target > other.base && other.lastTaken < shelf.lastTaken)
      .sort((a, b) => a.lastTaken - b.lastTaken);
    for (;;) {
      let memory = 0;
      let hosts = 0;
      for (const { profile, target } of this.#shelves.values()) {
        memory += target * idleCost[profile.kind];
        hosts += target;
      }
      if (memory + cost <= this.#options.memory && hosts < mostIdleHosts) return true;
      const other = others[0];
      if (other === undefined) return false;
      other.target--;
      this.#trim(other);
      if (other.target === other.base) others.shift();
    }
  }

  #trim(shelf: Shelf): void {
    for (const host of shelf.idle.splice(shelf.target)) host.kill();
  }

  #refillLater(shelf: Shelf): void {
    const now = performance.now();
    // A time that is set already stays: jobs in quick succession would put the refill off for ever.
    const quiet = shelf.idle.length > 0 ? quietAfterHandOver : quietWhenEmpty;
    if (shelf.notBefore <= now) shelf.notBefore = now + quiet[shelf.profile.kind];
    this.#wakeAt(shelf.notBefore);
  }

  #wakeAt(at: number): void {
    if (this.#closed || (this.#refillTimer !== null && this.#refillAt <= at)) return;
    if (this.#refillTimer !== null) clearTimeout(this.#refillTimer);
    this.#refillAt = at;
    this.#refillTimer = setTimeout(
      () => {
        this.#refillTimer = null;
        this.#refill();
      },
      Math.max(0, at - performance.now()),
    ).unref();
  }

  /** Starts the next host for the pool, if one is due. */
  #refill(): void {
    if (this.#closed) return;
    const now = performance.now();
    for (const shelf of this.#shelves.values()) {
      while (shelf.waiters.length === 0 && shelf.idle.length + shelf.starting < shelf.target) {
        if (this.#poolStarts >= mostPoolStarts(shelf, now)) break;
        if (shelf.notBefore > now) {
          this.#wakeAt(shelf.notBefore);
          break;
        }
        this.#start(shelf, "idle");
      }
    }
  }

  #sweep(): void {
    const now = performance.now();
    for (const [key, shelf] of this.#shelves) {
      if (now - shelf.lastTaken > idleTime) {
        shelf.target = shelf.base;
        this.#trim(shelf);
        if (shelf.base === 0 && shelf.starting === 0 && shelf.waiters.length === 0 && key !== shelf.profile.kind)
          this.#shelves.delete(key);
      }
      const aged = shelf.idle.findIndex((host) => now - host.startedAt > hostAge);
      if (aged >= 0) for (const host of shelf.idle.splice(aged, 1)) host.kill();
    }
    this.#refill();
  }
}

/**
 * One at a time, to leave the processor to the jobs; but where jobs come quickly and no host is left for them, one for each core: a
 * pool that never catches up has every job pay for a whole start.
 */
function mostPoolStarts({ idle, lastTaken }: Shelf, now: number): number {
  return idle.length === 0 && now - lastTaken < quickSuccession ? availableParallelism() : 1;
}
