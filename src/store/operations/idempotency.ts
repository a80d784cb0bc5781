/** A request that its sender may repeat: who sent it, under which key, and a SHA-256 of what it asks for. */
export interface IdempotencyKey {
  principalId: string;
  /** The `Idempotency-Key` header as sent. */
  key: string;
  requestHash: Uint8Array;
}

/** What is kept of a request that carried a key. */
export interface IdempotentAnswer {
  requestHash: Uint8Array;
  /** HTTP status and body (JSON text) of the answer; null when it was not kept, for the service crashed before. */
  status: number | null;
  body: string | null;
  createdAt: number;
}

export interface IdempotencyReads {
  /** What is kept under this key, or null. The caller compares `requestHash`. */
  idempotentAnswer(of: { principalId: string; key: string }): IdempotentAnswer | null;
}

export interface IdempotencyWrites {
  /** Keeps an answer; one that is there already stays. */
  keepIdempotentAnswer(answer: IdempotencyKey & { status: number; body: string }): void;

  /** Forgets at most `limit` requests older than `before`; gives the number forgotten. */
  purgeIdempotentAnswers(of: { before: number; limit: number }): number;
}
