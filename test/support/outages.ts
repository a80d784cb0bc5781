/** A stretch of time, in milliseconds since the epoch by this machine's clock; `until` is infinite while it lasts. */
export interface Stretch {
  from: number;
  until: number;
}

/** A stretch in which a worker renewed no lease: it was dead, and then started anew, or stood still, and then went on. */
export interface Silence extends Stretch {
  workerId: string;
  isDead: boolean;
}

/**
 * How long, after the death of the service that leads, its duties may be nobody's, in milliseconds: another one has them within three
 * seconds and a bit, and looks once a second.
 */
const leaderChange = 4_000;

/** When services reached their database, and when workers were silent, as whoever kills them has noted it. */
export class Outages {
  readonly silences: Silence[] = [];
  /** Of each service, those in which it reached the database. */
  readonly #reaches: Stretch[][];
  readonly #deaths: { service: number; at: number }[] = [];

  /** @param services that are there now */
  constructor(services: number) {
    this.#reaches = Array.from({ length: services }, () => [{ from: Date.now(), until: Number.POSITIVE_INFINITY }]);
  }

  /** A service is killed, now. */
  serviceGone(service: number): void {
    this.#end(service);
    this.#deaths.push({ service, at: Date.now() });
  }

  /** A service is ready, now. */
  serviceBack(service: number): void {
    this.#reaches[service]?.push({ from: Date.now(), until: Number.POSITIVE_INFINITY });
  }

  /** No service reaches the database from now on, until what it gives is called. */
  databaseGone(): () => void {
    const reaching = [...this.#reaches.keys()].filter((service) => this.#isReaching(service));
    for (const service of reaching) this.#end(service);
    return () => {
      for (const service of reaching) this.serviceBack(service);
    };
  }

  /** A worker dies or stands still, now, until what it gives is called. */
  workerSilent(workerId: string, isDead: boolean): () => void {
    const silence = { workerId, isDead, from: Date.now(), until: Number.POSITIVE_INFINITY };
    this.silences.push(silence);
    return () => {
      silence.until = Date.now();
    };
  }

  /**
   * By when what a worker held has ended, visibly, that renewed its lease at `from` for the last time: what time services take beside the
   * lease is `slack`. A service judges a lease when it has reached the database for one whole lease, without a gap, and leads.
   * Null where none was there for so long.
   */
  dueEnd(from: number, lease: number, slack: number): number | null {
    const due = [...this.#reaches.entries()].flatMap(([service, reaches]) =>
      reaches.flatMap((reach) => {
        let judges = Math.max(from, reach.from) + lease;
        for (const death of this.#deaths) {
          const mayHaveLed = death.service !== service && death.at <= judges + slack;
          if (mayHaveLed) judges = Math.max(judges, death.at + leaderChange);
        }
        return judges + slack <= reach.until ? [judges + slack] : [];
      }),
    );
    return due.length === 0 ? null : Math.min(...due);
  }

  #isReaching(service: number): boolean {
    return this.#reaches[service]?.at(-1)?.until === Number.POSITIVE_INFINITY;
  }

  #end(service: number): void {
    const reach = this.#reaches[service]?.at(-1);
    if (reach !== undefined && this.#isReaching(service)) reach.until = Date.now();
  }
}
