import { isUtf8 } from "node:buffer";
import { scriptSizeLimit } from "../contract/analysis.ts";
import { UserError } from "../contract/user-error.ts";
import { hasUtf16Mark } from "../language/utf-16-mark.ts";
import { invalidUtf8Offset } from "./invalid-utf8-offset.ts";

const byteOrderMark = "\uFEFF";

/**
 * Checks the bytes of a script's file: size, UTF-8 with or without byte order mark, no NUL bytes.
 * @throws UserError `script-too-large` (413), `script-is-utf-16`, `script-not-utf-8`, `script-has-nul-byte`
 */
export function checkScriptSource(source: Uint8Array): void {
  if (source.length > scriptSizeLimit) {
    throw new UserError(
      "script-too-large",
      `The script has ${source.length} bytes, but one may have at most ${scriptSizeLimit}.`,
      { status: 413, remedy: "Keep data out of the script: read it from a file, or pass it as a parameter." },
    );
  }
  if (hasUtf16Mark(source)) {
    throw new UserError("script-is-utf-16", "The script is encoded as UTF-16, not as UTF-8.", {
      remedy: "Save the file as UTF-8 and import it again.",
    });
  }
  if (!isUtf8(source)) {
    throw new UserError(
      "script-not-utf-8",
      `The script is not valid UTF-8: the byte at offset ${invalidUtf8Offset(source)} fits no character.`,
      { remedy: "Save the file as UTF-8 and import it again." },
    );
  }
  const nul = source.indexOf(0);
  if (nul !== -1) {
    throw new UserError("script-has-nul-byte", `The script holds a NUL byte, at offset ${nul}, so it is not a text.`, {
      remedy: "Check that this is the right file, and save it as UTF-8 text.",
    });
  }
}

/** The text of a script as it is analysed and run: its bytes without the byte order mark. Line ends stay. */
export function scriptText(source: Uint8Array): string {
  const text = Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString("utf8");
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}
