import { UserError } from "../../contract/user-error.ts";
import type { IdempotencyKey } from "../../store/operations/idempotency.ts";
import type { Store } from "../../store/store.ts";
import type { ApiAnswer, ApiRequest, Route } from "./route.ts";

/** Told to callers whose request was recognised as a repetition. */
export const replayedHeader = "Idempotency-Replayed";

const longestKey = 255;

/** Kept in place of an answer that holds a secret. */
const keptForSecret = "null";

/**
 * The `Idempotency-Key` of a request.
 * @throws UserError `invalid-request` when it is empty, too long or holds other than visible ASCII
 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) {
    return undefined;
  }
  if (typeof header !== "string" || !/^[\x20-\x7e]+$/.test(header) || header.length > longestKey) {
    throw new UserError("invalid-request", `An Idempotency-Key has 1 to ${longestKey} visible ASCII characters.`, {
      remedy: "Send a new UUID for each request that must not be done twice.",
    });
  }
  return header;
}

/** The part of the store that remembers answers. */
export interface IdempotencyStore {
  read: Pick<Store["read"], "idempotentAnswer">;
  write: Pick<Store["write"], "keepIdempotentAnswer">;
}

/**
 * Answers a repeated request as its first was answered, without doing it again. Only answers of success are kept: a refusal
 * has changed nothing, so it may be tried again.
 *
 * The answer is kept after the work is done. For a crash between the two, handlers do their first write under the same key
 * (`Store.once`), which gives a repetition the result of the first.
 */
export class RepeatedRequests {
  readonly #store: IdempotencyStore;
  /** Requests under way in this process, by principal and key: a repetition waits for the first. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(store: IdempotencyStore) {
    this.#store = store;
  }

  /**
   * Runs the handler of a POST under its key.
   * @throws UserError `idempotency-key-reused` (422) when the key came with another request before, `answer-not-repeated`
   * (409) when the first answer held a secret; and whatever the handler throws
   */
  async answer(route: Route, request: ApiRequest, key: IdempotencyKey): Promise<ApiAnswer> {
    const name = `${key.principalId} ${key.key}`;
    while (this.#underWay.has(name)) {
      await this.#underWay.get(name);
    }
    const run = this.#answerAlone(route, request, key);
    const settled = run.then(
      () => this.#underWay.delete(name),
      () => this.#underWay.delete(name),
    );
    this.#underWay.set(name, settled);
    return run;
  }

  async #answerAlone(route: Route, request: ApiRequest, key: IdempotencyKey): Promise<ApiAnswer> {
    const kept = await this.#store.read.idempotentAnswer({ principalId: key.principalId, key: key.key });
    if (kept !== null) {
      if (Buffer.compare(kept.requestHash, key.requestHash) !== 0) {
        throw new UserError("idempotency-key-reused", "This Idempotency-Key came with a different request before.", {
          status: 422,
          remedy: "Use a new key for each new request, and the same key only to repeat one.",
        });
      }
      if (route.idempotency === "once") {
        throw answerNotRepeated();
      }
      if (kept.status !== null && kept.body !== null) {
        return jsonAnswer(kept.status, kept.body, { [replayedHeader]: "true" });
      }
    }
    const own = await route.handle(request);
    if (!("body" in own)) {
      throw new TypeError(`${route.name} must answer with JSON, as its answer is kept for repetitions`);
    }
    const body = JSON.stringify(own.body);
    const keptBody = route.idempotency === "once" ? keptForSecret : body;
    await this.#store.write.keepIdempotentAnswer({ ...key, status: own.status, body: keptBody });
    return jsonAnswer(own.status, body, own.headers);
  }
}

function answerNotRepeated(): UserError {
  return new UserError(
    "answer-not-repeated",
    "This was done already; its answer held a secret and is shown once only.",
    {
      status: 409,
      remedy: "If the answer was lost, remove what was made and make it anew under another Idempotency-Key.",
    },
  );
}

function jsonAnswer(status: number, body: string, headers: Record<string, string> = {}): ApiAnswer {
  return { status, bytes: body, mediaType: "application/json", headers };
}
