import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../contract/user-error.ts";
import { masterKeyLines } from "./master-key.ts";

/** Where a service gets its master keys from. */
export interface KeySource {
  /** For people, such as `the file /etc/runsmith/keys/….key`. */
  readonly shown: string;
  /** The text with the keys, read anew; null where there is none yet. @throws UserError `master-key-unreadable` */
  read(): Promise<string | null>;
  /** Adds a key to those that are there, where this service may do so. @throws UserError `master-key-not-added` */
  readonly add?: (key: string) => Promise<void>;
}

/** Milliseconds that a command may take to print the key. */
const commandPatience = 30_000;
const longestOutput = 64 * 1024;

/** A text that was given at the start, and stays what it is. */
export function fixedKeySource(text: string, shown: string): KeySource {
  return { shown, read: async () => text };
}

/** A file; a key that is added becomes a further line of it. */
export function fileKeySource(file: string): KeySource {
  return {
    shown: `the file ${file}`,
    async read() {
      try {
        return await readFile(file, "utf8");
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
          return null;
        }
        throw new UserError("master-key-unreadable", `The master key's file cannot be read: ${messageOf(cause)}`, {
          status: 500,
          remedy: "It has to be a file of the service's own account (0600).",
          cause,
        });
      }
    },
    add: (key) => addLine(file, key),
  };
}

/** A command of the operator, run by the shell; what it prints on standard output. */
export function commandKeySource(command: string): KeySource {
  return {
    shown: "the command --master-key-command",
    read: () =>
      new Promise((resolve, reject) => {
        const options = { timeout: commandPatience, maxBuffer: longestOutput };
        execFile("/bin/sh", ["-c", command], options, (error, printed) => {
          if (error === null) {
            resolve(printed);
            return;
          }
          // Neither its output nor the command itself is told: either may hold a secret.
          const how = error.killed === true ? "did not end in time" : `ended with ${error.code ?? "an error"}`;
          reject(
            new UserError("master-key-unreadable", `The command that prints the master key ${how}.`, {
              status: 500,
              remedy: "Run it by hand as the service's account and see what it says.",
            }),
          );
        });
      }),
  };
}

/** Writes a new file with a key; false when there is one already, which stays as it is. */
export async function writeNewKeyFile(file: string, key: string): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // The folder may have been there, or the account's umask have kept more away.
  await chmod(dirname(file), 0o700);
  try {
    const handle = await open(file, "wx", 0o600);
    try {
      await handle.writeFile(masterKeyLines(key));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(dirname(file));
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
      return false;
    }
    throw cause;
  }
}

async function addLine(file: string, key: string): Promise<void> {
  const next = `${file}.next`;
  try {
    await access(file, constants.W_OK);
    const former = await readFile(file, "utf8");
    await rm(next, { force: true });
    const handle = await open(next, "wx", 0o600);
    try {
      await handle.writeFile(`${former.trimEnd()}\n${masterKeyLines(key)}`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, file);
    await syncFolder(dirname(file));
  } catch (cause) {
    await rm(next, { force: true }).catch(() => undefined);
    throw new UserError("master-key-not-added", `No key can be added to ${file}: ${messageOf(cause)}`, {
      status: 409,
      remedy: "Add a line with a new key to it yourself (openssl rand -base64 32), then ask for the rotation again.",
      cause,
    });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
