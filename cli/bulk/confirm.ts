import { createInterface } from "node:readline/promises";
import { UserError } from "../../src/contract/user-error.ts";

/**
 * Asks on the terminal whether to go on; anything but yes is no.
 * @throws UserError `confirmation-needed` where nobody can be asked
 */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UserError("confirmation-needed", `${question} There is no terminal to ask.`, {
      remedy: "Add --yes to do it without asking, or --dry-run to see what would be done.",
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
