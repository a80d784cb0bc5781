import { UserError } from "../../contract/user-error.ts";

/**
 * The bytes of a base64 text (RFC 4648 §4), which must be canonical: Node's decoder passes over what is not base64,
 * so a damaged text would otherwise be stored as other bytes than were sent.
 * @throws UserError `invalid-request`
 */
export function decodeBase64(text: string, pointer: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) {
    throw new UserError("invalid-request", `${pointer} is not valid base64.`, {
      remedy: "Encode the bytes of the file with the standard alphabet, with padding and without line ends.",
      errors: [{ pointer, message: "is not valid base64" }],
    });
  }
  return bytes;
}
