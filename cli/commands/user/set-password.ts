import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { newPassword } from "../../parameters/new-password.ts";
import { secretInput } from "../../parameters/secret-input.ts";

export const command: Command = {
  name: "set-password",
  summary: "change your own password",
  description:
    "Asks for the current password and a new one on the terminal, or reads them from standard input, a line each. Your sessions end; tokens stay.",
  examples: [{ line: "set-password", does: "asks for both" }],
  async run() {
    const { current, next } = process.stdin.isTTY ? await asked() : lines(await secretInput("passwords"));
    await connect().call("POST", "/api/me/password", { body: { currentPassword: current, newPassword: next } });
    return exitCodes.completed;
  },
};

async function asked(): Promise<{ current: string; next: string }> {
  return { current: await secretInput("current password"), next: await newPassword() };
}

function lines(text: string): { current: string; next: string } {
  const [current, next, ...more] = text.split(/\r?\n/);
  if (current === undefined || next === undefined || more.length > 0) {
    throw new UserError(
      "secret-needed",
      "Standard input has to hold two lines: the current password, and the new one.",
    );
  }
  return { current, next };
}
