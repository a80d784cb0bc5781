import { writeFileSync } from "node:fs";
import type { NewTokenResource } from "../../../src/contract/api/principal.ts";
import { tokenPermissions } from "../../../src/contract/api/principal.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printOne } from "../../output/print.ts";
import { expiryAfter } from "../../parameters/expiry.ts";
import { newTokenView } from "../../views/principal-view.ts";

export const command: Command = {
  name: "new-token",
  summary: "make a token and print it, once",
  description:
    "Makes a token of your own, or as an administrator that of another, and prints it, which is shown this once.",
  arguments: [{ name: "NAME", help: "what it is for" }],
  options: [
    {
      flags: "--principal <principal>",
      help: "whose it is: user:NAME, service-principal:NAME, or a name; your own when left out",
    },
    { flags: "--expires <duration>", help: "after how long it ends, such as 30d; or never", default: "90d" },
    {
      flags: "--scope <permissions>",
      help: "what it may do at most, such as read,operate; all that its principal may when left out",
      choices: tokenPermissions,
      separated: true,
    },
    { flags: "--token-file <file>", help: "write the token here (readable by you only) in place of printing it" },
  ],
  examples: [
    { line: "new-token laptop", does: "one of your own, for 90 days" },
    {
      line: "new-token dashboard --principal monitoring --scope read --expires never",
      does: "for a program that only looks",
    },
  ],
  async run(invocation) {
    const principal = invocation.text("principal");
    const scope = invocation.list("scope");
    const file = invocation.text("token-file");
    const made = await connect().post<NewTokenResource>("/api/tokens", {
      name: invocation.argument(0),
      expiresAt: expiryAfter(invocation.text("expires") ?? "90d"),
      ...(principal === undefined ? {} : { principal }),
      ...(scope.length === 0 ? {} : { scope }),
    });
    if (file !== undefined) writeFileSync(file, `${made.token}\n`, { mode: 0o600 });
    await printOne(file === undefined ? made : { ...made, token: `(in ${file})` }, newTokenView, invocation.output);
    return exitCodes.completed;
  },
};
