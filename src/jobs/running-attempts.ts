import type { AttemptReference } from "../contract/link/control-frames.ts";
import type { HostKind } from "../contract/runbook-kind.ts";
import type { AssignedAttempt, StopOrder } from "../store/operations/jobs.ts";
import type { Clock } from "../workers/clock.ts";
import { BoundedCache } from "./bounded-cache.ts";

/** An attempt that a worker has, as this service knows it. */
export interface RunningAttempt extends AssignedAttempt {
  /** By the database's clock, milliseconds. No record of the attempt is older. */
  readonly claimedAt: number;
  /** Milliseconds from being told to end to being killed. */
  readonly stopGrace: number;
  readonly hostKind: HostKind;
  /** That it was told to end. */
  readonly stop: StopOrder | null;
  /** When its worker has to have ended it, grace included, by the monotonic clock; no wall clock that jumps moves it. */
  readonly endBy: number;
  /** The number of the last record that live readers were told of; null when that was another service's to know. */
  readonly lastTold: number | null;
}

/** Attempts of which it is remembered that this service had them. */
const mostRemembered = 50_000;

/** Stops that came before their attempts. */
const mostEarlyStops = 1_000;

/** The attempts that workers of this service have now. The database knows them too; this is for the moment between. */
export class RunningAttempts {
  readonly #clock: Clock;
  readonly #byJob = new Map<string, RunningAttempt>();
  readonly #counts = new Map<string, number>();
  /** For how many jobs at once an attempt waits, and for which without end, by its key; and attempts that wait, by worker and by worker and kind. */
  readonly #waits = new Map<string, { jobs: number; endless: string[] }>();
  readonly #waiting = new Map<string, number>();
  readonly #remembered = new BoundedCache<string, true>(mostRemembered);
  /** A claim may be seen, and its job stopped, by others before the claim's answer is here. */
  readonly #earlyStops = new BoundedCache<string, StopOrder>(mostEarlyStops);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param assigned `timeLimit` in milliseconds, null without limit
   * @param isNew it was claimed just now; otherwise its worker had it before
   */
  add(
    assigned: AssignedAttempt & {
      hostKind: HostKind;
      claimedAt: number;
      timeLimit: number | null;
      stopGrace: number;
    },
    isNew: boolean,
  ): void {
    const { jobId, attempt, workerId, hostKind, claimedAt, timeLimit, stopGrace } = assigned;
    const lastTold = isNew ? 0 : (this.current(assigned)?.lastTold ?? null);
    this.remove(jobId);
    const endBy = this.#clock.monotonic() + (timeLimit ?? Number.POSITIVE_INFINITY) + stopGrace;
    this.#byJob.set(jobId, { jobId, attempt, workerId, hostKind, claimedAt, stopGrace, stop: null, endBy, lastTold });
    count(this.#counts, { workerId, hostKind }, 1);
    this.#remembered.set(keyOf(assigned), true);
    const stop = this.#earlyStops.get(keyOf(assigned));
    if (stop !== undefined) {
      this.#earlyStops.delete(keyOf(assigned));
      this.noteStop(assigned, stop);
    }
  }

  /** Whether this service has the attempt, or had it a while ago. */
  hasHad(assigned: AssignedAttempt): boolean {
    return this.current(assigned) !== undefined || this.#remembered.get(keyOf(assigned)) !== undefined;
  }

  /** Live readers are being told of records. */
  noteTold(assigned: AssignedAttempt, number: number): void {
    const known = this.current(assigned);
    if (known !== undefined) {
      this.#byJob.set(known.jobId, { ...known, lastTold: Math.max(number, known.lastTold ?? 0) });
    }
  }

  /** The attempt is being told to end; when this service does not have it yet, it will have been told when it comes. */
  noteStop(assigned: AssignedAttempt, { reason, force }: StopOrder): void {
    const known = this.current(assigned);
    if (known === undefined) {
      if (!this.hasHad(assigned)) {
        this.#earlyStops.set(keyOf(assigned), { reason, force });
      }
    } else {
      const endBy = Math.min(known.endBy, this.#clock.monotonic() + known.stopGrace);
      const stop = { reason, force: force || known.stop?.force === true };
      this.#byJob.set(known.jobId, { ...known, stop, endBy });
    }
  }

  /** The attempt, when it is a job's current one and this worker's. */
  current({ jobId, attempt, workerId }: AssignedAttempt): RunningAttempt | undefined {
    const known = this.#byJob.get(jobId);
    return known?.attempt === attempt && known.workerId === workerId ? known : undefined;
  }

  ofJob(jobId: string): RunningAttempt | undefined {
    return this.#byJob.get(jobId);
  }

  /** Removes a job's attempt; with a number, only if it is that one. Says whether it was there. */
  remove(jobId: string, attempt?: number): boolean {
    const known = this.#byJob.get(jobId);
    if (known === undefined || (attempt !== undefined && known.attempt !== attempt)) {
      return false;
    }
    this.#byJob.delete(jobId);
    count(this.#counts, known, -1);
    if (this.#waits.delete(keyOf(known))) {
      count(this.#waiting, known, -1);
    }
    return true;
  }

  /** Forgets the attempts of a worker but these: another service has heard of the end of the others. */
  keepOnly(workerId: string, keep: readonly AttemptReference[]): void {
    const kept = new Map(keep.map(({ jobId, attempt }) => [jobId, attempt]));
    for (const known of [...this.#byJob.values()]) {
      if (known.workerId === workerId && kept.get(known.jobId) !== known.attempt) {
        this.remove(known.jobId);
      }
    }
  }

  /** Those of these workers that should have been over for so many milliseconds. */
  overdue(patience: number, isHere: (workerId: string) => boolean): AssignedAttempt[] {
    const now = this.#clock.monotonic();
    return [...this.#byJob.values()]
      .filter(({ endBy, workerId }) => endBy + patience < now && isHere(workerId))
      .map(({ jobId, attempt, workerId }) => ({ jobId, attempt, workerId }));
  }

  /** How many a worker has, of one kind of host or of all. */
  countOf(workerId: string, hostKind?: HostKind): number {
    return this.#counts.get(hostKind === undefined ? workerId : `${workerId} ${hostKind}`) ?? 0;
  }

  /**
   * The script of an attempt begins to wait for another job; it may wait for several at once.
   * @param endless the job that it waits for however long that takes
   * @returns a function that ends it
   */
  beginWait(assigned: AssignedAttempt, endless: string | null = null): () => void {
    const known = this.current(assigned);
    if (known === undefined) {
      return () => undefined;
    }
    const key = keyOf(assigned);
    const waits = this.#waits.get(key) ?? { jobs: 0, endless: [] };
    this.#waits.set(key, waits);
    waits.jobs += 1;
    if (endless !== null) {
      waits.endless.push(endless);
    }
    if (waits.jobs === 1) {
      count(this.#waiting, known, 1);
    }
    return () => {
      // Over a new link the attempt has begun to wait anew: what ends of the former link takes nothing from that.
      if (this.#waits.get(key) !== waits) {
        return;
      }
      waits.jobs -= 1;
      if (endless !== null) {
        waits.endless.splice(waits.endless.indexOf(endless), 1);
      }
      if (waits.jobs === 0) {
        this.#waits.delete(key);
        count(this.#waiting, known, -1);
      }
    };
  }

  /** Whether a job's attempt waits for another job however long that takes. */
  waitsFor(jobId: string, other: string): boolean {
    const known = this.#byJob.get(jobId);
    return known !== undefined && this.#waits.get(keyOf(known))?.endless.includes(other) === true;
  }

  /** How many of a worker's attempts wait for other jobs, of one kind of host or of all. */
  waitingOf(workerId: string, hostKind?: HostKind): number {
    return this.#waiting.get(hostKind === undefined ? workerId : `${workerId} ${hostKind}`) ?? 0;
  }
}

function count(
  counts: Map<string, number>,
  { workerId, hostKind }: Pick<RunningAttempt, "workerId" | "hostKind">,
  change: 1 | -1,
): void {
  for (const key of [workerId, `${workerId} ${hostKind}`]) {
    const counted = (counts.get(key) ?? 0) + change;
    if (counted === 0) {
      counts.delete(key);
    } else {
      counts.set(key, counted);
    }
  }
}

function keyOf({ jobId, attempt, workerId }: AssignedAttempt): string {
  return `${jobId} ${attempt} ${workerId}`;
}
