import { createContext, Script } from "node:vm";

const box: { work: (() => unknown) | null } = { work: null };
const context = createContext(box);
const run = new Script("work()");

/**
 * Runs `work` for at most so many milliseconds of this thread. It is ended wherever it is then, inside a regular expression
 * too: V8 looks for that while it backtracks.
 * @returns its value, or null when it took too long
 */
export function timeBounded<T>(work: () => T, milliseconds: number): { value: T } | null {
  box.work = work;
  try {
    return { value: run.runInContext(context, { timeout: milliseconds }) as T };
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") {
      return null;
    }
    throw error;
  } finally {
    box.work = null;
  }
}
