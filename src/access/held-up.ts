import { UserError } from "../contract/user-error.ts";

/** Somebody asked too often and has to wait (RFC 6585 §4). */
export class HeldUp extends UserError {
  /** Seconds. */
  readonly retryAfter: number;

  constructor(code: string, message: string, { retryAfter, remedy }: { retryAfter: number; remedy: string }) {
    super(code, message, { status: 429, remedy });
    this.retryAfter = retryAfter;
  }
}
