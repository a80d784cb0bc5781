interface ProcessWithExit {
  reallyExit(code: number): never;
}

// Taken before any script runs: what a script makes of `process` does not keep its host alive.
const process_ = process as unknown as ProcessWithExit;
const reallyExit = process_.reallyExit.bind(process);

/** Ends the process now, whatever is open: no listener runs, nothing is flushed. */
export function exitProcess(code: number): never {
  return reallyExit(code);
}
