import { isId } from "../contract/id.ts";

/**
 * The 16 bytes of a UUID, as the database holds it.
 * @throws TypeError when the text is not a UUID in canonical form (lower case, with hyphens).
 */
export function idToBytes(id: string): Uint8Array {
  if (!isId(id)) {
    throw new TypeError(`Not a UUID in canonical form: ${id}`);
  }
  return Buffer.from(id.replaceAll("-", ""), "hex");
}

/** The canonical text of a UUID that the database holds as 16 bytes. */
export function bytesToId(bytes: Uint8Array): string {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
}
