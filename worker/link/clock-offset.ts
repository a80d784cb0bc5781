/** Samples older than this many others are forgotten: clocks drift. */
const remembered = 8;

/** Estimates the service's clock against the monotonic one: of the last samples the one with the shortest round trip counts. */
export class ClockOffset {
  readonly #samples: { roundTrip: number; offset: number }[] = [];

  /**
   * @param sentAt and `receivedAt`: monotonic milliseconds.
   * @param serviceTime What the service's clock said in between, milliseconds since the epoch.
   * @returns service time minus monotonic time, as far as known.
   */
  add(sentAt: number, receivedAt: number, serviceTime: number): number {
    this.#samples.push({ roundTrip: receivedAt - sentAt, offset: serviceTime - (sentAt + receivedAt) / 2 });
    if (this.#samples.length > remembered) this.#samples.shift();
    const best = this.#samples.reduce((a, b) => (b.roundTrip < a.roundTrip ? b : a));
    return best.offset;
  }

  /** Another service, another clock perhaps. */
  clear(): void {
    this.#samples.length = 0;
  }
}
