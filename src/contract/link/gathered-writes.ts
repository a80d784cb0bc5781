/** What a socket of Node's offers. */
export interface Corkable {
  cork(): void;
  uncork(): void;
}

/**
 * Lets what is written to a socket leave in one piece when the event loop has done what is at hand: many small frames that come
 * together, such as the acknowledgements of one commit, cost one system call, and the other side wakes up once.
 */
export class GatheredWrites {
  readonly #socket: Corkable;
  #gathering = false;

  constructor(socket: Corkable) {
    this.#socket = socket;
  }

  /** To be called before each write. */
  begin(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#socket.cork();
    setImmediate(() => {
      this.#gathering = false;
      this.#socket.uncork();
    });
  }
}
