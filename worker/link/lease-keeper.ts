import type { GuardClient } from "../guard/guard-client.ts";
import { ClockOffset } from "./clock-offset.ts";
import type { SharedDeadline } from "./lease.ts";
import { leaseDeadline } from "./lease.ts";
import { monotonicNow } from "./monotonic-now.ts";

/** The guard acts this long after the main thread should have, in milliseconds. */
const guardDelay = 500;

export interface LeaseKeeperListener {
  /** Jobs must end now. @param duration of the lease that has run out, in milliseconds */
  lost(duration: number): void;
  /** Service time minus monotonic time is known better. */
  clock(offset: number): void;
}

/**
 * The worker's lease: renewed by what the service acknowledges, over any number of connections, each time from when the
 * acknowledged heartbeat was sent. The guard is told of each deadline, and acts when nobody else does.
 */
export class LeaseKeeper {
  readonly #deadline: SharedDeadline;
  readonly #guard: GuardClient;
  readonly #listener: LeaseKeeperListener;
  readonly #clock = new ClockOffset();
  /** When each heartbeat was sent, from the last acknowledged one on; the hello is number 0. */
  #sentAt = new Map<number, number>();
  #sequence = 0;
  #duration = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(deadline: SharedDeadline, guard: GuardClient, listener: LeaseKeeperListener) {
    this.#deadline = deadline;
    this.#guard = guard;
    this.#listener = listener;
  }

  /** Of the last lease, in milliseconds; 0 before the first. */
  get duration(): number {
    return this.#duration;
  }

  /** A hello is being sent: what was sent before on other connections is acknowledged no more. */
  helloSent(): void {
    this.#sequence = 0;
    this.#sentAt = new Map([[0, monotonicNow()]]);
  }

  /** A heartbeat is being sent. @returns its number */
  heartbeatSent(): number {
    this.#sequence++;
    this.#sentAt.set(this.#sequence, monotonicNow());
    return this.#sequence;
  }

  /** The service has answered the hello; it may be another one, with another clock. */
  welcomed(duration: number, serviceTime: number): void {
    this.#clock.clear();
    this.acknowledged(0, duration, serviceTime);
  }

  /** The service has answered the heartbeat of this number. */
  acknowledged(sequence: number, duration: number, serviceTime: number): void {
    const sent = this.#sentAt.get(sequence);
    if (sent === undefined) return;
    // It stays known: a service that is about to restart acknowledges it once more, for longer.
    for (const older of this.#sentAt.keys()) if (older < sequence) this.#sentAt.delete(older);
    this.#duration = duration;
    this.#renew(leaseDeadline(sent, duration));
    this.#listener.clock(this.#clock.add(sent, monotonicNow(), serviceTime));
  }

  /** The jobs of a lease that was lost are over: the guard has nothing to do, unless a new lease has begun meanwhile. */
  lossDone(): void {
    if (this.#deadline.get() <= monotonicNow()) this.#guard.setDeadline(null);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #renew(until: number): void {
    const now = monotonicNow();
    // What was lost stays lost until the service answers something sent after the loss; a hello always is.
    if (until <= now) return;
    // Also when that is sooner than before: a planned restart gives more time, and the next lease is what the database counts from then on.
    this.#deadline.set(until);
    this.#guard.setDeadline(until + guardDelay);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#over(), until - now);
  }

  #over(): void {
    const left = this.#deadline.get() - monotonicNow();
    if (left > 0) this.#timer = setTimeout(() => this.#over(), left);
    else this.#listener.lost(this.#duration);
  }
}
