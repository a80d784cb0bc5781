import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

/** A name for this service that no other has. */
export function newServiceName(): string {
  return `${hostname().slice(0, 64)} ${process.pid} ${randomUUID()}`;
}
