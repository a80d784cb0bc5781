import { UserError } from "../../src/contract/user-error.ts";
import { askSecret } from "./ask-secret.ts";

/**
 * A secret: asked on the terminal, or, when standard input is none, all of that without the line break at its end. Throws `UserError`
 * (`secret-needed`) when there is nothing.
 */
export async function secretInput(name: string): Promise<string> {
  if (process.stdin.isTTY) return await askSecret(name);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, "");
  if (text === "") {
    throw new UserError("secret-needed", `The ${name} was not given.`, {
      remedy: "Type it when asked for, or give it on standard input: … < FILE",
    });
  }
  return text;
}
