import { UserError } from "../contract/user-error.ts";

/* What changes of the master key are refused with, on every database. */

export function rotationUnderWay(keyId: string): UserError {
  return new UserError("rotation-under-way", `The master key ${keyId} is just being taken into use or out of it.`, {
    status: 409,
    remedy: "Wait for that rotation to end: npx runsmith get-master-key",
  });
}

export function masterKeyUsedBefore(keyId: string): UserError {
  return new UserError("master-key-used-before", `The master key ${keyId} was in use before.`, {
    status: 409,
    remedy: "Make a new one: openssl rand -base64 32",
  });
}
