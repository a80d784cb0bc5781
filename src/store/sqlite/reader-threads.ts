import type { StoreStatistics } from "../store.ts";
import { fromThreadError } from "./thread-error.ts";
import { ThreadLink } from "./thread-link.ts";
import type { FromReader, ReaderStart, ToReader } from "./thread-messages.ts";
import { threadProgram } from "./thread-program.ts";

/**
 * Readers at most; and how many operations must wait for the first one, and the oldest of them for how many milliseconds, before the
 * second is started: each takes memory, and duties that come due at the same moment are no load.
 */
const mostReaders = 2;
const pendingForAnother = 4;
const waitForAnother = 50;

type ReaderLink = ThreadLink<Extract<ToReader, string>, FromReader>;

/**
 * The threads that read. The first is started at once, the second when the first has too much to do or is needed for a
 * checkpoint. A reader that breaks fails what it was doing, and another one takes its place with the next operation.
 */
export class ReaderThreads {
  readonly #start: ReaderStart;
  readonly #checkpoints: ((done: boolean) => void)[] = [];
  #readers: ReaderLink[] = [];
  #checkpointer: ReaderLink | undefined;
  /** A reader has answered: what waits while the first one starts is not too much for it. */
  #isServing = false;
  #reads = 0;
  #closing = false;

  constructor(databaseFile: string) {
    this.#start = { databaseFile };
    this.#addReader();
  }

  call(operation: string, argument: unknown): Promise<unknown> {
    if (this.#closing) {
      return Promise.reject(new Error(`The store is closed, so ${operation} was not done.`));
    }
    this.#reads += 1;
    return this.#leastBusy().call(operation, argument);
  }

  /** Moves the log into the database file; resolves when it is over, and says whether that could be done. */
  checkpoint(): Promise<boolean> {
    if (this.#closing) {
      return Promise.resolve(true);
    }
    if (this.#readers.length < mostReaders) {
      this.#addReader();
    }
    this.#checkpointer = this.#readers.at(-1);
    return new Promise((resolve) => {
      this.#checkpoints.push(resolve);
      this.#checkpointer?.task("checkpoint");
    });
  }

  statistics(): Pick<StoreStatistics, "reads" | "pendingReads"> {
    return { reads: this.#reads, pendingReads: this.#readers.reduce((sum, reader) => sum + reader.pending, 0) };
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#readers.map((reader) => reader.close("close")));
  }

  #leastBusy(): ReaderLink {
    const free = this.#readers.filter((reader) => reader !== this.#checkpointer);
    const [first, ...others] = free.length > 0 ? free : this.#readers;
    if (first === undefined) {
      return this.#addReader();
    }
    const least = others.reduce((best, reader) => (reader.pending < best.pending ? reader : best), first);
    const isBusy = least.pending >= pendingForAnother && least.longestWait() >= waitForAnother;
    const needsAnother = this.#isServing && isBusy;
    return needsAnother && this.#readers.length < mostReaders ? this.#addReader() : least;
  }

  #addReader(): ReaderLink {
    const reader: ReaderLink = new ThreadLink(threadProgram("reader-thread"), this.#start, {
      message: (message: FromReader) => {
        switch (message.type) {
          case "answers":
            this.#isServing = true;
            reader.settle(message.answers);
            break;
          case "checkpointed":
            this.#checkpointOver(message.done);
            break;
          case "failed":
            reader.fail(fromThreadError(message.error, "open"));
            break;
        }
      },
      ended: () => {
        this.#readers = this.#readers.filter((other) => other !== reader);
        if (this.#checkpointer === reader) {
          this.#checkpointOver(false);
        }
      },
    });
    this.#readers.push(reader);
    return reader;
  }

  #checkpointOver(done: boolean): void {
    this.#checkpointer = undefined;
    for (const resolve of this.#checkpoints.splice(0)) {
      resolve(done);
    }
  }
}
