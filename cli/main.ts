import { commandModules, loadCommands } from "./commands/index.ts";
import { reportError } from "./output/report-error.ts";
import { runProgram } from "./program.ts";

/*
 * The `runsmith` command. It starts fast: of the commands only the one that was called is loaded, and a command loads
 * what is heavy (tables, YAML, the worker) when it comes to it.
 */

// A reader such as `head` that goes away ends the command, quietly.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

try {
  const called = process.argv[2] ?? "";
  const commands = await loadCommands(called in commandModules ? [called] : undefined);
  process.exitCode = await runProgram(commands, process.argv.slice(2), () => loadCommands());
} catch (error) {
  process.exitCode = reportError(error, process.argv.slice(2));
}
