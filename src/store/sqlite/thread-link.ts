import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Actor } from "../actor.ts";
import type { IdempotencyKey } from "../operations/idempotency.ts";
import { fromThreadError } from "./thread-error.ts";
import type { OperationAnswer, OperationRequest } from "./thread-messages.ts";

interface Pending {
  operation: string;
  askedAt: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What a link tells its owner. */
export interface ThreadEvents<Message> {
  /** Every message that the thread posts. */
  message(message: Message): void;
  /** The thread is over; `error` when it was not asked to end. Told once, after every pending operation was rejected. */
  ended(error: Error | undefined): void;
}

/**
 * The main thread's end of one of the database's threads. What is asked for in one turn of the event loop, by however many
 * requests that were read in it, is posted as one message at its end, so that it arrives together and in order: waking a thread costs
 * more than most of what it is asked.
 */
export class ThreadLink<Task, Message> {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #outbox: OperationRequest[] = [];
  #lastId = 0;
  #error: Error | undefined;
  #closing = false;
  #ended = false;

  constructor(program: URL, start: object, events: ThreadEvents<Message>) {
    this.#worker = new Worker(program, {
      workerData: start,
      execArgv: [],
      env: compileCacheEnvironment(),
      // Messages and rows die young; the default would let each thread keep three times 16 MB for them.
      resourceLimits: { maxYoungGenerationSizeMb: 6 },
    });
    this.#worker.on("message", events.message);
    this.#worker.on("error", (error) => {
      this.#error = error instanceof Error ? error : new Error(String(error));
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#end(events);
        resolve();
      });
    });
  }

  /** Operations asked for and not answered. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Milliseconds that the oldest operation has waited for its answer; 0 when there is none. */
  longestWait(): number {
    const [oldest] = this.#pending.values();
    return oldest === undefined ? 0 : performance.now() - oldest.askedAt;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Asks for an operation. */
  call(operation: string, argument: unknown, once?: IdempotencyKey, actor?: Actor): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended || this.#closing) {
        reject(new Error(`The store is closed, so ${operation} was not done.`, { cause: this.#error }));
        return;
      }
      this.#lastId += 1;
      const request: OperationRequest = {
        id: this.#lastId,
        operation,
        argument,
        ...(once === undefined ? {} : { once }),
        ...(actor === undefined ? {} : { actor }),
      };
      this.#pending.set(request.id, { operation, askedAt: performance.now(), resolve, reject });
      if (this.#outbox.push(request) === 1) {
        setImmediate(() => this.#flush());
      }
    });
  }

  /** Gives the thread a task of its own, after everything asked for so far. */
  task(task: Task): void {
    if (!this.#ended && !this.#closing) {
      this.#flush();
      this.#worker.postMessage(task);
    }
  }

  /** Settles the operations that these answers are for. */
  settle(answers: OperationAnswer[]): void {
    for (const answer of answers) {
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if ("error" in answer) {
        pending?.reject(fromThreadError(answer.error, pending.operation));
      } else {
        pending?.resolve(answer.value);
      }
    }
  }

  /** Tells why the thread is about to end by itself. */
  fail(error: Error): void {
    this.#error = error;
  }

  /** Lets the thread finish what was asked for, then ends it. */
  async close(closeTask: Task): Promise<void> {
    this.task(closeTask);
    this.#closing = true;
    await this.#exited;
  }

  #flush(): void {
    const requests = this.#outbox;
    if (requests.length === 0) {
      return;
    }
    this.#outbox = [];
    try {
      this.#worker.postMessage(requests);
    } catch {
      for (const request of requests) {
        this.#postAlone(request);
      }
    }
  }

  /** An argument that cannot be sent (a bug of its caller) must not fail the others of the turn. */
  #postAlone(request: OperationRequest): void {
    try {
      this.#worker.postMessage([request]);
    } catch (error) {
      this.#pending.get(request.id)?.reject(error as Error);
      this.#pending.delete(request.id);
    }
  }

  #end(events: ThreadEvents<Message>): void {
    this.#ended = true;
    if (!this.#closing) {
      this.#error ??= new Error("A thread of the store ended by itself.");
    }
    for (const { operation, reject } of this.#pending.values()) {
      reject(
        new Error(`The store's thread ended while ${operation} was under way; whether it was done is not known.`, {
          cause: this.#error,
        }),
      );
    }
    this.#pending.clear();
    events.ended(this.#closing ? undefined : this.#error);
  }
}

/**
 * A thread does not take part in its process's compile cache by itself, only by this variable. In a checkout it saves each thread
 * the loading of the type stripper: 12 MB and 30 ms.
 */
function compileCacheEnvironment(): { NODE_COMPILE_CACHE?: string } {
  const directory = getCompileCacheDir();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) };
}
