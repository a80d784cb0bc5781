import type { Command, CommandOption } from "../command.ts";
import { outputFormats } from "../command.ts";

/** A script for the shell that completes commands, options and their choices, and names of runbooks, workers and groups. */
export function completionScript(shell: "bash" | "zsh" | "fish", commands: readonly Command[]): string {
  if (shell === "fish") return fishScript(commands);
  const header = shell === "zsh" ? "#compdef runsmith\nautoload -U +X bashcompinit && bashcompinit\n" : "";
  return `${header}${bashScript(commands)}`;
}

const outputOption: CommandOption = {
  flags: "-o, --output <format>",
  help: "how to print the answer",
  choices: outputFormats,
};

function bashScript(commands: readonly Command[]): string {
  const cases = commands.map((command) => `      ${command.name}) words="${longNames(command).join(" ")}" ;;`);
  const choices = [...choicesByOption(commands)].map(
    ([option, values]) => `    ${option}) COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$current")); return ;;`,
  );
  const named = listedArguments.map(
    ({ argument, lister }) =>
      `    ${commandsWith(commands, argument).join("|")}) words="$(runsmith ${lister} --output name 2>/dev/null)" ;;`,
  );
  return `# bash completion of runsmith
_runsmith() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} help" -- "$current"))
    return
  fi
  case "$previous" in
${choices.join("\n")}
  esac
  if [[ "$current" == -* ]]; then
    case "$command" in
${cases.join("\n")}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  case "$command" in
${named.join("\n")}
    *) compopt -o default 2>/dev/null; return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _runsmith runsmith
`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = ["# fish completion of runsmith", "complete -c runsmith -n __fish_use_subcommand -f"];
  for (const command of commands) {
    lines.push(`complete -c runsmith -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`);
    const condition = `-n '__fish_seen_subcommand_from ${command.name}'`;
    for (const option of [...(command.options ?? []), outputOption]) {
      const choices = option.choices === undefined ? "" : ` -x -a ${quoted(option.choices.join(" "))}`;
      const short = /^-(\w)\b/.exec(option.flags)?.[1];
      lines.push(
        `complete -c runsmith ${condition} -l ${longName(option).slice(2)}${short ? ` -s ${short}` : ""}${choices} -d ${quoted(option.help)}`,
      );
    }
  }
  for (const { argument, lister } of listedArguments) {
    const named = commandsWith(commands, argument).join(" ");
    lines.push(
      `complete -c runsmith -n '__fish_seen_subcommand_from ${named}' -f -a '(runsmith ${lister} --output name 2>/dev/null)'`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** First arguments that the service can list, and the command that does. */
const listedArguments = [
  { argument: "NAME", lister: "get-runbook" },
  { argument: "WORKER", lister: "get-worker" },
  { argument: "GROUP", lister: "get-worker-group" },
  { argument: "RULE", lister: "get-notice-rule" },
] as const;

function commandsWith(commands: readonly Command[], argument: string): string[] {
  return commands.filter((command) => command.arguments?.[0]?.name === argument).map(({ name }) => name);
}

function longNames(command: Command): string[] {
  return [...(command.options ?? []).map(longName), "--output", "--help"];
}

function longName({ flags }: CommandOption): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? "";
}

function choicesByOption(commands: readonly Command[]): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>([["--output|-o", outputFormats]]);
  for (const option of commands.flatMap((command) => command.options ?? [])) {
    // An option of one name may have other choices with another command.
    const choices = new Set([...(found.get(longName(option)) ?? []), ...(option.choices ?? [])]);
    if (choices.size > 0) found.set(longName(option), [...choices]);
  }
  return found;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}
