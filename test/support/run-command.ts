import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";

export interface CommandEnd {
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunningCommand {
  process: ChildProcess;
  ended: Promise<CommandEnd>;
  /** Resolves with what has been written to standard output when it matches; rejects when the command ends before. */
  printed(pattern: RegExp): Promise<string>;
  /** What has been written to standard error until now. */
  errors(): string;
}

/** Starts a command, keeping what it writes. */
export function startCommand(
  command: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd?: string; input?: string },
): RunningCommand {
  const child = spawn(command, args, {
    env: options.env,
    cwd: options.cwd,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const look of waiting) look();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  if (options.input !== undefined) child.stdin?.end(options.input);
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    process: child,
    ended,
    errors: () => stderr,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(stdout)) return;
          waiting.delete(look);
          resolve(stdout);
        };
        waiting.add(look);
        look();
        ended.then(
          (end) => reject(new Error(`ended with ${end.code ?? end.signal} before ${pattern}:\n${stdout}\n${stderr}`)),
          reject,
        );
      }),
  };
}
