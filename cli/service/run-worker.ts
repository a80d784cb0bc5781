import { UserError } from "../../src/contract/user-error.ts";
import { startWorker } from "../../worker/worker.ts";
import type { WorkerOptions } from "../../worker/worker-options.ts";
import { exitCodes } from "../exit-codes.ts";
import { goBeforeJobs, weighAsParent } from "./lead-session.ts";
import { workerReadyLine } from "./worker-ready-line.ts";

/**
 * Runs a worker until it is told to end: the first signal lets its jobs end and takes no more, a later one kills them.
 * Says the exit code. Throws `UserError` when the service refuses the worker, or says that it is of another group.
 * @param endWithInput End, as by a signal, when standard input ends: whoever started the worker is gone.
 */
export async function runWorker(options: WorkerOptions, group: string | null, endWithInput: boolean): Promise<number> {
  if (endWithInput) weighAsParent();
  else goBeforeJobs();
  const endings = new Endings(endWithInput);
  const started = startWorker(options);
  const worker = await Promise.race([started, endings.first]);
  if (worker === "end") {
    // It may still be dialling a service that is away: there is nothing to wait for.
    process.exit(exitCodes.interrupted);
  }
  if (group !== null && worker.group.toLowerCase() !== group.toLowerCase()) {
    await worker.stop();
    throw new UserError("other-group", `The token is of a worker of the group ${worker.group}, not ${group}.`, {
      remedy: `Make one: npx runsmith new-worker --group ${group} --token-file FILE`,
    });
  }
  process.stdout.write(`${workerReadyLine}${worker.server}\n`);
  const refusal = await Promise.race([worker.ended, endings.first]);
  if (refusal === "end") {
    const stopped = endings.second.then(() => worker.stop());
    await Promise.race([worker.drain(), stopped]);
  }
  endings.release();
  if (refusal === "end") return exitCodes.completed;
  if (refusal !== null) throw refusal;
  return exitCodes.completed;
}

/** What asks a worker to end, first in order and then at once. */
class Endings {
  readonly first: Promise<"end">;
  readonly second: Promise<void>;
  #resolveFirst: (value: "end") => void = () => {};
  #resolveSecond: () => void = () => {};
  #firstAt: number | null = null;
  readonly #endWithInput: boolean;
  readonly #onSignal = () => this.#ask();

  constructor(endWithInput: boolean) {
    this.#endWithInput = endWithInput;
    this.first = new Promise((resolve) => {
      this.#resolveFirst = resolve;
    });
    this.second = new Promise((resolve) => {
      this.#resolveSecond = resolve;
    });
    process.on("SIGTERM", this.#onSignal);
    process.on("SIGINT", this.#onSignal);
    if (endWithInput) process.stdin.on("end", this.#onSignal).on("error", this.#onSignal).resume();
  }

  release(): void {
    process.off("SIGTERM", this.#onSignal);
    process.off("SIGINT", this.#onSignal);
    if (this.#endWithInput) process.stdin.destroy();
  }

  #ask(): void {
    if (this.#firstAt === null) {
      this.#firstAt = performance.now();
      this.#resolveFirst("end");
      // A terminal's Ctrl-C may come twice: by itself and through `npx`.
    } else if (performance.now() - this.#firstAt > 500) {
      this.#resolveSecond();
    }
  }
}
