import { commandModules, loadCommands } from "./commands/index.ts";
import { reportError } from "./output/report-error.ts";
import { buildProgram } from "./program.ts";

/*
 * The `runsmith` command. It starts fast: of the commands only the one that was called is loaded, and a command loads
 * what is heavy (tables, YAML, the worker) when it comes to it.
 */

try {
  const called = process.argv[2] ?? "";
  const commands = await loadCommands(called in commandModules ? [called] : undefined);
  process.exitCode = await buildProgram(commands, process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error, process.argv.slice(2));
}
