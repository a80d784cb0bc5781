import type { CommandOption, Invocation } from "../../command.ts";
import { principalOptions, principalSettings } from "../../principals/principal-commands.ts";

/** Options of the commands that make a user or change one. */
export const userOptions: readonly CommandOption[] = [
  ...principalOptions,
  { flags: "--display-name <text>", help: "how people know the user" },
  { flags: "--email <address>", help: "the user's address; or none" },
  { flags: "--must-change", help: "the user has to change the password before anything else" },
];

/** What `userOptions` say. */
export function userSettings(invocation: Invocation): Record<string, unknown> {
  const displayName = invocation.text("display-name");
  const email = invocation.text("email");
  return {
    ...principalSettings(invocation),
    ...(displayName === undefined ? {} : { displayName }),
    ...(email === undefined ? {} : { email: email.toLowerCase() === "none" ? null : email }),
    ...(invocation.flag("must-change") ? { mustChangePassword: true } : {}),
  };
}
