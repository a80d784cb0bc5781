import { randomBytes } from "node:crypto";

/** Ids of requests, for logs and for the answers to bugs: unlike one another over all services, and cheap to make. */
export class RequestIds {
  readonly #process = randomBytes(6).toString("base64url");
  #count = 0;

  /** The next id, such as `q3Fz81kd-1f`. */
  next(): string {
    this.#count += 1;
    return `${this.#process}-${this.#count.toString(36)}`;
  }
}
