/** A request that its sender may repeat: who sent it, under which key, and a SHA-256 of what it asks for. */
export interface IdempotencyKey {
  principalId: string;
  /** The `Idempotency-Key` header as sent. */
  key: string;
  requestHash: Uint8Array;
}

/** What was answered to a request that carried a key. */
export interface IdempotentAnswer {
  requestHash: Uint8Array;
  /** HTTP status of the answer; null when the operation was done but its answer was not kept (the service crashed between). */
  status: number | null;
  /** The answer's body as JSON text; with a null status, the JSON of the operation's result. */
  body: string;
  createdAt: number;
}

export interface IdempotencyReads {
  /** The answer kept under this key, or null. The caller compares `requestHash`. */
  idempotentAnswer(of: { principalId: string; key: string }): IdempotentAnswer | null;
}

export interface IdempotencyWrites {
  /**
   * Keeps an answer. An answer that is there stays, except one whose status is null and whose request is the same.
   */
  keepIdempotentAnswer(answer: IdempotencyKey & { status: number; body: string }): void;

  /** Forgets at most `limit` answers older than `before`; gives the number forgotten. */
  purgeIdempotentAnswers(of: { before: number; limit: number }): number;
}
