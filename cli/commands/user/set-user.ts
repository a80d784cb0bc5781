import type { Command } from "../../command.ts";
import { newPassword } from "../../parameters/new-password.ts";
import { changePrincipal } from "../../principals/principal-commands.ts";
import { userNoun } from "../../principals/principal-nouns.ts";
import { userOptions, userSettings } from "./user-options.ts";

export const command: Command = {
  name: "set-user",
  summary: "change a user, or set a new password",
  description:
    "Changes what is named and leaves the rest. With --password a new one is asked on the terminal, or read from standard input, and the user's sessions end.",
  arguments: [{ name: "NAME", help: "the user's name or id" }],
  options: [...userOptions, { flags: "--password", help: "ask for a new password" }],
  examples: [
    { line: "set-user ada --administrator yes", does: "may do everything" },
    { line: "set-user ada --password --must-change", does: "for one who has forgotten it" },
  ],
  async run(invocation) {
    return changePrincipal(userNoun, invocation, {
      ...userSettings(invocation),
      ...(invocation.flag("password") ? { password: await newPassword() } : {}),
    });
  },
};
