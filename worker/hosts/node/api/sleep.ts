import { signal } from "./signal.ts";

const longestTimer = 2 ** 31 - 1;

/** Waits. Rejects with the signal's reason as soon as the job is asked to stop. */
export async function sleep(milliseconds: number): Promise<void> {
  const until = performance.now() + milliseconds;
  // A timer holds 24.8 days at most; a longer one would fire at once.
  do {
    await sleepOnce(Math.min(longestTimer, until - performance.now()));
  } while (performance.now() < until - 1);
}

function sleepOnce(milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, milliseconds);
    function onAbort(): void {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
