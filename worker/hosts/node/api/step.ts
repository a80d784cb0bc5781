import { signal } from "./signal.ts";
import { verbose } from "./verbose.ts";

/**
 * Runs one named step of the runbook and gives back its result. Its begin and end are told on the Verbose stream. A step
 * does not begin once the job is asked to stop: it rejects with the signal's reason.
 */
export async function step<Result>(name: string, run: () => Result | Promise<Result>): Promise<Result> {
  signal.throwIfAborted();
  const start = performance.now();
  const elapsed = () => `${Math.round(performance.now() - start)} ms`;
  verbose(`Step "${name}" begins.`);
  try {
    const result = await run();
    verbose(`Step "${name}" ended after ${elapsed()}.`);
    return result;
  } catch (error) {
    verbose(`Step "${name}" failed after ${elapsed()}.`);
    throw error;
  }
}
