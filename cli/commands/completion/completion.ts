import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";

const shells = ["bash", "zsh", "fish"] as const;

export const command: Command = {
  name: "completion",
  summary: "print a script that completes commands in your shell",
  arguments: [{ name: "SHELL", help: shells.join(", ") }],
  examples: [
    { line: "completion bash > ~/.local/share/bash-completion/completions/runsmith", does: "for bash" },
    { line: "completion fish > ~/.config/fish/completions/runsmith.fish", does: "for fish" },
  ],
  async run(invocation) {
    const shell = shells.find((name) => name === invocation.argument(0));
    if (shell === undefined) {
      throw new UserError("unknown-shell", `"${invocation.argument(0)}" is none of ${shells.join(", ")}.`);
    }
    const { completionScript } = await import("../../completion/completion-script.ts");
    process.stdout.write(completionScript(shell, await invocation.allCommands()));
    return exitCodes.completed;
  },
};
