import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { extname, join } from "node:path";
import type { ProcessIdentity } from "../sandbox/sandbox.ts";
import type { GuardMessage } from "./guard-messages.ts";

const program = join(import.meta.dirname, `guard${extname(import.meta.filename)}`);

/** A guard that dies is started again after this many milliseconds. */
const restartDelay = 500;

/** The worker's end of its guard: starts it, tells it of hosts and deadlines, and starts another if it dies. */
export class GuardClient {
  readonly #hosts = new Map<number, ProcessIdentity>();
  #deadline: number | null = null;
  #process: ChildProcess | null = null;
  #closed = false;

  constructor() {
    this.#start();
  }

  /** Its process id, for tests and for the operator. */
  get processId(): number | null {
    return this.#process?.pid ?? null;
  }

  add(id: number, identity: ProcessIdentity): void {
    this.#hosts.set(id, identity);
    this.#tell({ type: "add", id, identity });
  }

  remove(ids: number[]): void {
    for (const id of ids) this.#hosts.delete(id);
    this.#tell({ type: "remove", ids });
  }

  /** @param at When to end all hosts, by the monotonic clock, unless told another time before; null for never. */
  setDeadline(at: number | null): void {
    this.#deadline = at;
    this.#tell({ type: "deadline", at });
  }

  /** Ends the guard, and with it every host that is still named to it. */
  close(): void {
    this.#closed = true;
    this.#process?.stdin?.end();
  }

  #start(): void {
    const guard = spawn(process.execPath, ["--max-old-space-size=32", program], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      env: {},
      cwd: "/",
    });
    this.#process = guard;
    guard.stdin?.on("error", () => {});
    guard.on("error", () => {});
    guard.once("close", () => {
      this.#process = null;
      if (!this.#closed) setTimeout(() => this.#start(), restartDelay).unref();
    });
    guard.unref();
    for (const [id, identity] of this.#hosts) this.#tell({ type: "add", id, identity });
    this.#tell({ type: "deadline", at: this.#deadline });
  }

  #tell(message: GuardMessage): void {
    this.#process?.stdin?.write(`${JSON.stringify(message)}\n`);
  }
}
