let controller = new AbortController();

/**
 * Aborted when the job is asked to stop; its reason is an error named `AbortError` that says who asked. Give it to what
 * takes long, such as `fetch(url, { signal })`, or look at `signal.aborted` between two pieces of work. A runbook has the
 * grace period (10 seconds unless its settings say otherwise) to clean up and end; then it is killed. A runbook that does
 * not use the signal is ended at once.
 */
export let signal: AbortSignal = controller.signal;

/** Called by the host when the worker asks the job to stop. */
export function abortSignal(reason: string): void {
  controller.abort(Object.assign(new Error(reason), { name: "AbortError", code: "ABORT_ERR" }));
}

/** Called by a host that goes on to another job. */
export function renewSignal(): void {
  controller = new AbortController();
  signal = controller.signal;
}
