import type { UserResource } from "../../../src/contract/api/principal.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { newPassword } from "../../parameters/new-password.ts";
import { userNoun } from "../../principals/principal-nouns.ts";
import { userOptions, userSettings } from "./user-options.ts";

export const command: Command = {
  name: "new-user",
  summary: "make a user",
  description:
    "Makes a user. The password is asked on the terminal, or read from standard input; it is never an argument. One without a password signs in with tokens only.",
  arguments: [{ name: "NAME", help: "the name to sign in with" }],
  options: [...userOptions, { flags: "--without-password", help: "ask for none" }],
  examples: [
    { line: "new-user ada --must-change", does: "asks for a first password" },
    { line: "new-user ada < password.txt", does: "the password from a file" },
    { line: "new-user carl --without-password", does: "for tokens only" },
  ],
  async run(invocation) {
    const body = {
      name: invocation.argument(0),
      ...userSettings(invocation),
      ...(invocation.flag("without-password") ? {} : { password: await newPassword("password of the new user") }),
    };
    await printRow(await connect().post<UserResource>(userNoun.path, body), userNoun.view, invocation.output);
    return exitCodes.completed;
  },
};
