import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../contract/user-error.ts";

/** Names of files that a rule may name: no path leads out of the folder. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Bytes; a secret is a line, not a document. */
const largestSecret = 4096;

/**
 * The secrets of notice rules: files in a folder of the installation, so that the database holds their names only. They are read
 * when they are needed, so a changed file counts from the next delivery on.
 */
export class NoticeSecrets {
  readonly #folder: string | null;

  /** @param folder Null when the installation has none. */
  constructor(folder: string | null) {
    this.#folder = folder;
  }

  /** @throws UserError `no-notice-secrets`, `notice-secret-not-found`, `notice-secret-invalid` */
  async read(name: string): Promise<string> {
    const file = this.#fileOf(name);
    try {
      if ((await stat(file)).size <= largestSecret) {
        const text = (await readFile(file, "utf8")).trim();
        if (text !== "") {
          return text;
        }
      }
    } catch (error) {
      throw new UserError("notice-secret-not-found", `The notice secret ${name} cannot be read: ${codeOf(error)}.`, {
        status: 422,
        remedy: "Put a file of this name into the folder of --notice-secrets, readable for the service's account.",
      });
    }
    throw new UserError("notice-secret-invalid", `The notice secret ${name} is empty or larger than 4 KiB.`, {
      status: 422,
      remedy: "Write the secret, and nothing else, into its file.",
    });
  }

  #fileOf(name: string): string {
    if (this.#folder === null) {
      throw new UserError("no-notice-secrets", "This installation has no folder for secrets of notices.", {
        status: 422,
        remedy: "Start the service with --notice-secrets FOLDER, and put a file for each secret there.",
      });
    }
    if (!namePattern.test(name)) {
      throw new UserError("notice-secret-invalid", `"${name}" is not a name of a notice secret.`, {
        status: 422,
        remedy: "A name has up to 64 letters, digits, dots, hyphens and underscores: it is a file, not a path.",
      });
    }
    return join(this.#folder, name);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
