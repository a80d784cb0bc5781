import { Command as CommanderCommand, CommanderError, InvalidArgumentError, Option } from "commander";
import { UserError } from "../src/contract/user-error.ts";
import type { Command, CommandOption, OutputFormat } from "./command.ts";
import { Invocation, outputFormats } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { productVersion } from "./product-version.ts";

/**
 * Parses `args` by these commands, runs the one that is called, and says its exit code.
 * Throws `UserError` (`usage`) when they do not fit.
 */
export async function runProgram(
  commands: readonly Command[],
  args: readonly string[],
  allCommands: () => Promise<Command[]>,
): Promise<number> {
  let exitCode: number = exitCodes.completed;
  const program = new CommanderCommand("runsmith")
    .description("Runsmith: runbooks in PowerShell and TypeScript, isolated, on demand.")
    .version(productVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [COMMAND]", "print the help of a command")
    .configureOutput({ writeErr: () => {} })
    .exitOverride()
    .addHelpText("after", connectionHelp);
  for (const command of commands) {
    addCommand(program, command, async (args, options, output) => {
      exitCode = await command.run(new Invocation(args, options, output, allCommands));
    });
  }
  if (args.length === 0) {
    program.outputHelp();
    return exitCodes.completed;
  }
  refuseDatabasePassword(args);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // `--help` and `--version` end this way too, when they have printed.
    if (error.exitCode === 0) return exitCodes.completed;
    const command = commands.length === 1 ? ` ${args[0]}` : "";
    const message = error.message.replace(/^error: (.)/, (_, first: string) => first.toUpperCase());
    throw new UserError("usage", `${message}${/[.?!)]$/.test(message) ? "" : "."}`, {
      remedy: `\`npx runsmith${command} --help\` tells how it is used.`,
    });
  }
  return exitCode;
}

/** A command line is readable by every account of the machine, and kept in the shell's history. */
function refuseDatabasePassword(args: readonly string[]): void {
  if (args.some((arg) => /mssql:\/\/[^\s/@]*:[^\s/@]*@/i.test(arg))) {
    throw new UserError(
      "password-on-command-line",
      "A database's URL with its password has no place on a command line.",
      {
        remedy:
          "Every account of this machine can read it there: change the password. Write the URL into a file that only the service's account can read, and " +
          "name it with --database-file; or put it into the environment variable RUNSMITH_DATABASE, or a systemd credential named database.",
      },
    );
  }
}

const connectionHelp = `
The server is found by RUNSMITH_URL and RUNSMITH_TOKEN (and RUNSMITH_CA, a file of certificates to trust); without
them it is the one that \`connect\` was told of, or else the one that runs on this machine, when exactly one does.

Exit codes: 0 done or Completed, 1 Failed, 2 wrong usage or request, 3 Stopped, 4 Suspended,
5 not reachable, not signed in or not permitted, or the server cannot start, 130 interrupted.`;

function addCommand(
  program: CommanderCommand,
  command: Command,
  run: (args: readonly string[], options: Record<string, unknown>, output: OutputFormat) => Promise<void>,
): void {
  const added = program
    .command(command.name)
    .summary(command.summary)
    .description(`${command.description ?? `${command.summary}.`}`)
    .helpOption("-h, --help", "print this help")
    .exitOverride();
  for (const { name, help, optional, many } of command.arguments ?? []) {
    const spelled = `${name}${many ? "..." : ""}`;
    added.argument(optional ? `[${spelled}]` : `<${spelled}>`, help);
  }
  for (const option of command.options ?? []) added.addOption(commanderOption(option));
  added.addOption(
    new Option("-o, --output <format>", "how to print the answer").choices([...outputFormats]).default("table"),
  );
  added.addHelpText("after", examplesText(command));
  added.action(async () => {
    const { output, ...options } = optionsByLongName(added);
    await run(added.args, options, output as OutputFormat);
  });
}

function commanderOption({ flags, help, required, choices, default: initial, many, separated }: CommandOption): Option {
  const option = new Option(flags, help).makeOptionMandatory(required === true);
  if (choices !== undefined) option.choices([...choices]);
  if (choices !== undefined && separated) option.argParser<string[]>((value) => chosen(value, choices));
  if (initial !== undefined) option.default(initial);
  if (many) option.argParser<string[]>((value, former) => [...(former ?? []), value]);
  return option;
}

/** The choices of a text that separates them by commas, whatever their case. Throws `InvalidArgumentError`. */
function chosen(text: string, choices: readonly string[]): string[] {
  return text.split(",").map((part) => {
    const found = choices.find((choice) => choice.toLowerCase() === part.trim().toLowerCase());
    if (found === undefined) throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
    return found;
  });
}

/** Commander names options in camel case; a reader of this code knows them as they are written. */
function optionsByLongName(command: CommanderCommand): Record<string, unknown> {
  const values = command.opts<Record<string, unknown>>();
  return Object.fromEntries(
    command.options.map((option) => [option.long?.replace(/^--/, "") ?? option.name(), values[option.attributeName()]]),
  );
}

function examplesText({ examples }: Command): string {
  if (examples.length === 0) return "";
  const width = Math.max(...examples.map(({ line }) => line.length));
  const lines = examples.map(({ line, does }) =>
    width > 60 ? `  # ${does}\n  npx runsmith ${line}` : `  npx runsmith ${line.padEnd(width)}  # ${does}`,
  );
  return `\nExamples:\n${lines.join("\n")}`;
}
