/** A command as data: help, completion and parsing come from it. One file each, in `cli/commands/<noun>/`. */
export interface Command {
  /** As the user writes it, such as `start-runbook`. */
  name: string;
  /** One line, without a full stop, for the list of commands. */
  summary: string;
  /** What else a user should know, in full sentences. */
  description?: string;
  arguments?: readonly CommandArgument[];
  options?: readonly CommandOption[];
  examples: readonly { line: string; does: string }[];
  /** Does it, and says the exit code. Throws `UserError` for what the user can mend. */
  run(invocation: Invocation): Promise<number>;
}

export interface CommandArgument {
  /** In capitals, such as `NAME`. */
  name: string;
  help: string;
  optional?: boolean;
  /** Takes all that follow. */
  many?: boolean;
}

export interface CommandOption {
  /** As commander writes it: `-p, --parameter <name=value>`, `--draft`. */
  flags: string;
  help: string;
  required?: boolean;
  choices?: readonly string[];
  default?: string;
  /** Takes several of the choices, separated by commas; asked for by `Invocation.list`. */
  separated?: boolean;
  /** May be given several times. */
  many?: boolean;
}

/** One call of a command, parsed. Options are asked for by their long name without the dashes. */
export class Invocation {
  readonly arguments: readonly string[];
  readonly output: OutputFormat;
  /** Loads every command there is. */
  readonly allCommands: () => Promise<readonly Command[]>;
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(
    args: readonly string[],
    options: Readonly<Record<string, unknown>>,
    output: OutputFormat,
    allCommands: () => Promise<readonly Command[]>,
  ) {
    this.allCommands = allCommands;
    this.arguments = args;
    this.#options = options;
    this.output = output;
  }

  /** The argument at this position; an empty text when it was left out. */
  argument(index: number): string {
    return this.arguments[index] ?? "";
  }

  flag(name: string): boolean {
    return this.#options[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#options[name];
    return typeof value === "string" ? value : undefined;
  }

  list(name: string): string[] {
    const value = this.#options[name];
    return Array.isArray(value) ? value.map(String) : [];
  }
}

export const outputFormats = ["table", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];
