import { readFileSync, statSync } from "node:fs";
import { scriptSizeLimit } from "../../src/contract/analysis.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { hasUtf16Mark } from "../../src/language/utf-16-mark.ts";

/** The text of a script file, without its byte order mark. Throws `UserError` when it is none that could be imported. */
export function readScript(path: string): string {
  let bytes: Buffer;
  try {
    if (statSync(path).size > scriptSizeLimit) {
      throw new UserError("script-too-large", `${path} is larger than ${scriptSizeLimit} bytes.`, { status: 413 });
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("file-not-found", `${path} cannot be read: ${(error as Error).message}.`, {
      remedy: "See that the path is right and that you may read it.",
    });
  }
  if (hasUtf16Mark(bytes)) {
    throw new UserError("script-is-utf-16", `${path} is encoded as UTF-16, not as UTF-8.`, {
      remedy: "Save it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW",
    });
  }
  if (bytes.includes(0)) throw new UserError("script-not-text", `${path} holds NUL bytes: it is no text.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError("script-not-utf8", `${path} is not UTF-8.`, {
      remedy: "Save it as UTF-8, with or without a byte order mark.",
    });
  }
}
