import type { KeyObject } from "node:crypto";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { MasterKey } from "./master-key.ts";

/*
 * A sealed value, byte by byte:
 *
 *    1  format, 1
 *    8  id of the master key
 *   12  nonce    ┐
 *   32  data key ├ sealed by the master key
 *   16  tag      ┘
 *   12  nonce    ┐
 *    n  value    ├ sealed by the data key
 *   16  tag      ┘
 *
 * Both by AES-256-GCM, with the associated data of the value's place. Each value has a data key of its own, so that another master key
 * needs to wrap 32 bytes only, and the value itself stays as it is.
 */

const format = 1;
const algorithm = "aes-256-gcm";
const keyIdLength = 8;
const dataKeyLength = 32;
const nonceLength = 12;
const tagLength = 16;
const headerLength = 1 + keyIdLength;
const wrappedLength = nonceLength + dataKeyLength + tagLength;

/** Bytes that a sealed value is longer than the value. */
export const sealedOverhead = headerLength + wrappedLength + nonceLength + tagLength;

/** Not what it was when it was sealed, or not in its place. */
export class AlteredValue extends Error {}

/** Seals a value for a place, which `associated` stands for. */
export function sealValue(plain: Uint8Array, associated: Uint8Array, master: MasterKey): Uint8Array {
  const dataKey = randomBytes(dataKeyLength);
  const sealed = Buffer.concat([
    headerOf(master),
    encrypt(master.wrapping, dataKey, associated),
    encrypt(dataKey, plain, associated),
  ]);
  dataKey.fill(0);
  return sealed;
}

/** Opens what `sealValue` gave. @throws AlteredValue when it was changed, cut, or is of another place or version */
export function openValue(sealed: Uint8Array, associated: Uint8Array, master: MasterKey): Uint8Array {
  const dataKey = dataKeyOf(sealed, associated, master);
  const plain = decrypt(dataKey, sealed.subarray(headerLength + wrappedLength), associated);
  dataKey.fill(0);
  return plain;
}

/** The same sealed value under another master key. @throws AlteredValue as `openValue`, for what can be told without opening it */
export function rewrapValue(sealed: Uint8Array, associated: Uint8Array, from: MasterKey, to: MasterKey): Uint8Array {
  const dataKey = dataKeyOf(sealed, associated, from);
  const rewrapped = Buffer.concat([
    headerOf(to),
    encrypt(to.wrapping, dataKey, associated),
    sealed.subarray(headerLength + wrappedLength),
  ]);
  dataKey.fill(0);
  return rewrapped;
}

/** The id of the master key that sealed it; null when it is no sealed value. */
export function masterKeyIdOf(sealed: Uint8Array): string | null {
  return sealed.length < sealedOverhead || sealed[0] !== format
    ? null
    : Buffer.from(sealed.subarray(1, headerLength)).toString("hex");
}

function headerOf(master: MasterKey): Buffer {
  return Buffer.concat([Buffer.of(format), Buffer.from(master.id, "hex")]);
}

function dataKeyOf(sealed: Uint8Array, associated: Uint8Array, master: MasterKey): Buffer {
  if (masterKeyIdOf(sealed) !== master.id) {
    throw new AlteredValue("It is not sealed by that master key.");
  }
  const dataKey = decrypt(master.wrapping, sealed.subarray(headerLength, headerLength + wrappedLength), associated);
  if (dataKey.length !== dataKeyLength) {
    throw new AlteredValue("Its key has a wrong length.");
  }
  return dataKey;
}

function encrypt(key: KeyObject | Uint8Array, plain: Uint8Array, associated: Uint8Array): Buffer {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength });
  cipher.setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: KeyObject | Uint8Array, sealed: Uint8Array, associated: Uint8Array): Buffer {
  const tagStart = sealed.length - tagLength;
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceLength), { authTagLength: tagLength });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(tagStart));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceLength, tagStart)), decipher.final()]);
  } catch (cause) {
    throw new AlteredValue("It is not what was sealed for this place.", { cause });
  }
}
