import { closeSync, openSync } from "node:fs";
import { ReadStream } from "node:tty";
import { UserError } from "../../src/contract/user-error.ts";

/**
 * Asks for a secret on the terminal, without echo. Throws `UserError` (`secret-needed`) when there is no terminal;
 * ends the process with 130 on Ctrl-C.
 */
export async function askSecret(name: string): Promise<string> {
  const terminal = openTerminal();
  if (terminal === null) {
    throw new UserError(
      "secret-needed",
      `The parameter "${name}" is secret and was not given, and there is no terminal to ask.`,
      {
        remedy:
          "Give it in a file that only you can read: --parameters-file FILE (JSON or YAML; - for standard input).",
      },
    );
  }
  try {
    return await readWithoutEcho(terminal.stream, name);
  } finally {
    terminal.close();
  }
}

/** The controlling terminal, also when standard input is a pipe. */
function openTerminal(): { stream: ReadStream; close(): void } | null {
  if (process.stdin.isTTY) return { stream: process.stdin, close: () => process.stdin.pause() };
  try {
    const descriptor = openSync("/dev/tty", "r+");
    try {
      const stream = new ReadStream(descriptor);
      return { stream, close: () => stream.destroy() };
    } catch {
      closeSync(descriptor);
      return null;
    }
  } catch {
    return null;
  }
}

function readWithoutEcho(terminal: ReadStream, name: string): Promise<string> {
  process.stderr.write(`${name} (not shown): `);
  terminal.setRawMode(true);
  terminal.setEncoding("utf8");
  terminal.resume();
  return new Promise((resolve, reject) => {
    let typed = "";
    const finish = (act: () => void) => {
      terminal.off("data", onData);
      terminal.setRawMode(false);
      process.stderr.write("\n");
      act();
    };
    const onData = (chunk: string | Buffer) => {
      for (const character of String(chunk)) {
        if (character === "\r" || character === "\n") return finish(() => resolve(typed));
        if (character === "\u0003") return finish(() => process.exit(130));
        if (character === "\u0004") {
          return finish(() => reject(new UserError("secret-needed", `The parameter "${name}" was not given.`)));
        }
        if (character === "\u007f" || character === "\b") typed = [...typed].slice(0, -1).join("");
        else if (character >= " ") typed += character;
      }
    };
    terminal.on("data", onData);
  });
}
