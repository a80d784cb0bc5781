import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";

/** Counts for ever; every so often it looks whether whoever started it still lives, so that it never outlives a killed campaign. */
const program = `for (;;) {
  for (let n = 0; n < 2e8; n++);
  if (process.ppid !== ${"Number(process.argv[1])"}) process.exit();
}`;

/** Processes that each take all the processor time that they get, at the usual priority. */
export class ProcessorLoad implements Disposable {
  readonly #processes: ChildProcess[];

  constructor(count: number) {
    this.#processes = Array.from({ length: count }, () =>
      spawn(process.execPath, ["--eval", program, String(process.pid)], { stdio: "ignore", env: {} }),
    );
  }

  /** Those that live. */
  get count(): number {
    return this.#processes.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null).length;
  }

  [Symbol.dispose](): void {
    for (const child of this.#processes) child.kill("SIGKILL");
  }
}
