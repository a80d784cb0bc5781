import { spawn } from "node:child_process";
import { packagedNode, root } from "./root.js";

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/**
 * Runs the packaged Node in this one's place: same input and output, signals forwarded, same end.
 * @param {string[]} args Arguments of Node.
 * @param {{ env?: Record<string, string | undefined>, ended?: (code: number) => number }} [options] `ended` runs between the child's
 * end and ours, and says the exit code.
 */
export function runNode(args, options = {}) {
  if (options.ended === undefined && process.execve !== undefined) {
    process.chdir(root);
    process.execve(packagedNode, [packagedNode, ...args], definedOnly({ ...process.env, ...options.env }));
  }
  const child = spawn(packagedNode, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...options.env } });
  // Ctrl-C on a terminal reaches the child by itself; a second one would mean "now, at once" to it.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of forwarded) {
    process.on(signal, () => {
      if (!(onTerminal && (signal === "SIGINT" || signal === "SIGQUIT"))) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`[setup] ${packagedNode} does not start: ${error.message}. Run \`npm ci\`, then try again.\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    const exitCode = options.ended?.(code ?? 1) ?? code ?? 1;
    if (signal === null) process.exit(exitCode);
    for (const each of forwarded) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
}

function definedOnly(env) {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}
