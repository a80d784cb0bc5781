import type { JournalEntry } from "../../../../src/contract/journal.ts";
import type { Branch } from "./branch.ts";
import { currentBranch, inBranch, keyOfCall, newBranch } from "./branch.ts";
import { describedError, revivedError } from "./caught-error.ts";
import { job } from "./job.ts";
import { keepCaught, keepEntry, takeEntry, useBranch } from "./journal.ts";
import { runtime } from "./runtime.ts";
import { signal } from "./signal.ts";
import { sleep } from "./sleep.ts";
import { changeSteps, isAskedToSuspend, waitForNextAttempt } from "./suspension.ts";
import { verbose } from "./verbose.ts";

export interface StepOptions {
  /** How often a step that failed is tried again before its failure is thrown; none when left out. */
  retries?: number;
  /** Milliseconds before the first further try, doubled for each that follows; 1000 when left out. */
  backoff?: number;
  /** Milliseconds for each try, after which it has failed with a `StepTimeout`. */
  timeout?: number;
}

/** What a step is told of itself. */
export interface StepContext {
  /**
   * The same in each try and in each attempt of the job, and in no other step: give it to a service that does a request with the same key once.
   */
  readonly idempotencyKey: string;
  /** Aborted when the job is asked to stop, or the try has taken longer than its timeout. */
  readonly signal: AbortSignal;
  /** From 1 on, in this attempt. */
  readonly attempt: number;
}

/** A try of a step took longer than its timeout. */
export class StepTimeout extends Error {
  override name = "StepTimeout";
}

/** Characters of a result as JSON. */
const longestResult = 1024 * 1024;
const defaultBackoff = 1_000;

/**
 * Does one named step of the runbook and gives back its result, which is what JSON makes of it. Once the result is stored the step is not done
 * again: a job that goes on, be it after a wait or on another worker, gets it from the journal. A step that was under way when its worker was lost is
 * done again, with the same idempotency key. A step does not begin once the job is asked to stop: it rejects with the signal's reason.
 *
 *     const order = await step("order", ({ idempotencyKey }) => placeOrder(cart, idempotencyKey), { retries: 3 });
 */
export async function step<Result>(
  name: string,
  run: (context: StepContext) => Result | Promise<Result>,
  options: StepOptions = {},
): Promise<Result> {
  return await keepStep(name, run, options, () => ({}));
}

/** The same of a step whose result is the id of the job that it has started. */
export async function stepOfStart(name: string, start: () => Promise<string>): Promise<string> {
  return await keepStep(name, start, {}, (startedJob) => ({ startedJob }));
}

/** @param more what is kept with the result */
async function keepStep<Result>(
  name: string,
  run: (context: StepContext) => Result | Promise<Result>,
  options: StepOptions,
  more: (result: Result) => Partial<JournalEntry>,
): Promise<Result> {
  signal.throwIfAborted();
  const branch = currentBranch();
  const key = keyOfCall(branch, `step:${encodeURIComponent(name)}`);
  const known = takeEntry(branch, key, "step", name);
  if (known !== undefined && known.endedAt !== null) {
    useBranch(`${key}/`);
    if (known.error !== undefined) throw revivedError(known.error);
    return known.result as Result;
  }
  if (isAskedToSuspend() && branch.step === null) return await waitForNextAttempt();
  const entry: JournalEntry = { key, kind: "step", name, branch: branch.path, startedAt: Date.now(), endedAt: null };
  const isOuter = branch.step === null;
  if (isOuter) changeSteps(1);
  begin(branch, entry);
  runtime().beginStep(entry);
  const start = performance.now();
  const elapsed = () => `${Math.round(performance.now() - start)} ms`;
  verbose(`Step "${name}" begins.`);
  try {
    const inside = newBranch(`${key}/`, name);
    const result = asJson(name, await inBranch(inside, () => tryStep(name, key, run, options)));
    branch.running.delete(entry);
    const ended = {
      ...entry,
      endedAt: Date.now(),
      ...(result === undefined ? {} : { result }),
      ...(known === undefined ? {} : { again: true }),
      ...more(result as Result),
    };
    await keepEntry(ended);
    verbose(`Step "${name}" ended after ${elapsed()}.`);
    return result as Result;
  } catch (error) {
    branch.running.delete(entry);
    keepCaught({ ...entry, endedAt: Date.now(), error: describedError(error) });
    verbose(`Step "${name}" failed after ${elapsed()}.`);
    throw error;
  } finally {
    if (isOuter) changeSteps(-1);
  }
}

function begin(branch: Branch, entry: JournalEntry): void {
  branch.running.add(entry);
  if (branch.running.size > 1) for (const each of branch.running) each.beside = true;
}

async function tryStep<Result>(
  name: string,
  key: string,
  run: (context: StepContext) => Result | Promise<Result>,
  { retries = 0, backoff = defaultBackoff, timeout }: StepOptions,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryOnce(name, key, run, attempt, timeout);
    } catch (error) {
      if (attempt > retries || signal.aborted) throw error;
      const pause = backoff * 2 ** (attempt - 1);
      verbose(`Step "${name}" failed and is tried again in ${pause} ms: ${describedError(error).message}`);
      await sleep(pause);
    }
  }
}

async function tryOnce<Result>(
  name: string,
  key: string,
  run: (context: StepContext) => Result | Promise<Result>,
  attempt: number,
  timeout: number | undefined,
): Promise<Result> {
  const controller = new AbortController();
  const context: StepContext = {
    get idempotencyKey() {
      return process.getBuiltinModule("node:crypto").hash("sha256", `${job.id}\0${key}`);
    },
    signal: timeout === undefined ? signal : AbortSignal.any([signal, controller.signal]),
    attempt,
  };
  if (timeout === undefined) return await run(context);
  const expiry = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new StepTimeout(`The step "${name}" took longer than its timeout of ${timeout} ms.`);
    controller.abort(error);
    expiry.reject(error);
  }, timeout);
  try {
    return await Promise.race([run(context), expiry.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is kept of a result, so that the first attempt sees the same as all others. */
function asJson(name: string, result: unknown): unknown {
  if (result === undefined) return undefined;
  const text = JSON.stringify(result);
  if (text === undefined) {
    throw new TypeError(`The result of the step "${name}" is of type ${typeof result}, which JSON cannot say.`);
  }
  if (text.length > longestResult) {
    throw new RangeError(
      `The result of the step "${name}" is ${text.length} characters of JSON, and at most ${longestResult} are kept. Return what leads to it.`,
    );
  }
  return JSON.parse(text);
}
