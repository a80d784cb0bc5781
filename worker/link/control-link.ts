import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { AttemptReference, WelcomeFrame, WorkerControlFrame } from "../../src/contract/link/control-frames.ts";
import type { Logger } from "../../src/contract/logger.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { HostRegister } from "../guard/host-register.ts";
import type {
  ControlThreadData,
  MessageFromControlThread,
  MessageToControlThread,
  ServiceJobFrame,
  WorkerStatus,
} from "./control-messages.ts";
import { SharedDeadline } from "./lease.ts";
import { monotonicNow } from "./monotonic-now.ts";
import type { MeasuredServiceClock } from "./service-clock.ts";

/** Milliseconds after which the guard is told of hosts that are gone. */
const forgetDelay = 1_000;

export interface ControlLinkListener {
  /** @param server the service that it came from */
  welcome(frame: WelcomeFrame, server: string): void;
  frame(frame: ServiceJobFrame): void;
  /** The lease was lost; every job has to be ended. */
  leaseLost(): void;
  /** The service will not have this worker. */
  refused(error: UserError): void;
}

/** The main thread's end of the control thread. */
export class ControlLink {
  readonly #thread: Worker;
  readonly #deadline = new SharedDeadline();
  readonly #exited: Promise<void>;
  #hosts = 0;
  readonly #goneHosts: number[] = [];
  #forgetTimer: NodeJS.Timeout | null = null;
  #closing = false;

  constructor(
    data: Omit<ControlThreadData, "deadline">,
    clock: MeasuredServiceClock,
    logger: Logger,
    listener: ControlLinkListener,
  ) {
    this.#thread = new Worker(new URL(`./control-thread${extname(import.meta.filename)}`, import.meta.url), {
      workerData: { ...data, deadline: this.#deadline.buffer } satisfies ControlThreadData,
      // It needs nothing of the worker's environment.
      env: {},
    });
    this.#exited = new Promise((resolve) => this.#thread.once("exit", () => resolve()));
    this.#thread.on("error", (error) => {
      logger.error("The control thread failed", { reason: error instanceof Error ? error.stack : String(error) });
      if (!this.#closing)
        listener.refused(new UserError("worker-link-failed", `The worker's link failed: ${String(error)}`));
    });
    this.#thread.on("message", (message: MessageFromControlThread) => {
      switch (message.type) {
        case "welcome":
          listener.welcome(message.frame, message.server);
          break;
        case "frame":
          listener.frame(message.frame);
          break;
        case "clock":
          clock.set(message.offset);
          break;
        case "disconnected":
          if (this.#closing) break;
          logger.warn("The link to the service broke; jobs go on while the lease holds", { reason: message.reason });
          break;
        case "lease-lost":
          listener.leaseLost();
          this.#post({ type: "lease-loss-done" });
          break;
        case "refused": {
          const { code, status, remedy } = message;
          listener.refused(new UserError(code, message.message, { status, ...(remedy === null ? {} : { remedy }) }));
          break;
        }
        case "log":
          logger[message.level](message.message, message.fields);
          break;
        case "alive?":
          this.#post({ type: "alive" });
          break;
      }
    });
  }

  /** Whether the worker's right to its jobs has run out: what ends now, ends for that reason. */
  get leaseLapsed(): boolean {
    return this.#deadline.get() <= monotonicNow();
  }

  /** Sends a frame, or drops it while there is no link. */
  send(frame: WorkerControlFrame): void {
    this.#post({ type: "send", frame });
  }

  setStatus(status: WorkerStatus): void {
    this.#post({ type: "status", status });
  }

  attemptOver(attempt: AttemptReference): void {
    this.#post({ type: "attempt-over", attempt });
  }

  /** Names hosts to the guard. */
  readonly register: HostRegister = {
    add: (identity) => {
      const id = ++this.#hosts;
      this.#post({ type: "guard-add", id, identity });
      return {
        update: (known) => this.#post({ type: "guard-add", id, identity: known }),
        forget: () => this.#forgetHost(id),
      };
    },
  };

  /** Several at once: the guard knows a process that is gone from one that has its number now, so there is no hurry. */
  #forgetHost(id: number): void {
    this.#goneHosts.push(id);
    this.#forgetTimer ??= setTimeout(() => {
      this.#forgetTimer = null;
      this.#post({ type: "guard-remove", ids: this.#goneHosts.splice(0) });
    }, forgetDelay).unref();
  }

  /** Closes the link; the guard ends what hosts are left. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#post({ type: "close" });
    await this.#exited;
  }

  #post(message: MessageToControlThread): void {
    this.#thread.postMessage(message);
  }
}
