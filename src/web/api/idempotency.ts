import { UserError } from "../../contract/user-error.ts";
import type { Store } from "../../store/store.ts";
import type { ApiAnswer, ApiRequest, Route } from "./route.ts";

/** The part of the store that remembers answers. */
export interface IdempotencyStore {
  read: Pick<Store["read"], "idempotentAnswer">;
  write: Pick<Store["write"], "keepIdempotentAnswer">;
}

/** Told to callers whose request was recognised as a repetition. */
export const replayedHeader = "Idempotency-Replayed";

const longestKey = 255;

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

/** Recognises repeated requests on routes that do not do so in a transaction of their own. */
export class IdempotencyFeature {
  readonly #store: IdempotencyStore;
  /** Requests under way in this process, by principal and key: a repetition waits for the first. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(store: IdempotencyStore) {
    this.#store = store;
  }

  /**
   * Does the work unless it was done under this key before.
   * Only answers of success are kept: a refusal has changed nothing, so it may be tried again.
   * @throws UserError `idempotency-key-reused` (422) when the key stood for another request
   */
  async once(
    key: { principalId: string; key: string; requestHash: Uint8Array },
    work: () => Promise<{ status: number; body: string; kept: string }>,
  ): Promise<{ status: number; body: string; replayed: boolean }> {
    const name = `${key.principalId} ${key.key}`;
    while (this.#underWay.has(name)) {
      await this.#underWay.get(name);
    }
    const run = this.#onceAlone(key, work);
    this.#underWay.set(
      name,
      run.catch(() => undefined),
    );
    try {
      return await run;
    } finally {
      this.#underWay.delete(name);
    }
  }

  async #onceAlone(
    key: { principalId: string; key: string; requestHash: Uint8Array },
    work: () => Promise<{ status: number; body: string; kept: string }>,
  ): Promise<{ status: number; body: string; replayed: boolean }> {
    const known = await this.#store.read.idempotentAnswer({ principalId: key.principalId, key: key.key });
    if (known !== null) {
      if (Buffer.compare(known.requestHash, key.requestHash) !== 0) {
        throw new UserError("idempotency-key-reused", "This Idempotency-Key was used for a different request.", {
          status: 422,
          remedy: "Use a new key for each new request, and the same key only to repeat one.",
        });
      }
      if (known.status !== null && known.body !== null) {
        return { status: known.status, body: known.body, replayed: true };
      }
    }
    const answer = await work();
    await this.#store.write.keepIdempotentAnswer({ ...key, status: answer.status, body: answer.kept });
    return { status: answer.status, body: answer.body, replayed: false };
  }
}

/** Stored in place of an answer that holds a secret. */
const keptForSecret = "null";

/** Runs the handler of a POST under its `Idempotency-Key`. */
export async function onceOnly(feature: IdempotencyFeature, route: Route, request: ApiRequest): Promise<ApiAnswer> {
  const key = {
    principalId: request.caller.principalId,
    key: request.idempotencyKey ?? "",
    requestHash: request.requestHash(),
  };
  let headers: Record<string, string> = {};
  const answer = await feature.once(key, async () => {
    const own = await route.handle(request);
    if (!("body" in own)) {
      throw new TypeError(`${route.name} must answer with JSON, as its answer is kept for repetitions`);
    }
    headers = own.headers ?? {};
    const body = JSON.stringify(own.body);
    return { status: own.status, body, kept: route.idempotency === "once" ? keptForSecret : body };
  });
  if (!answer.replayed) {
    return jsonAnswer(answer, headers);
  }
  if (route.idempotency === "once") {
    throw new UserError(
      "answer-not-repeated",
      "This was done already; its answer held a secret and is shown once only.",
      {
        status: 409,
        remedy: "If the answer was lost, remove what was made and make it anew under another Idempotency-Key.",
      },
    );
  }
  return jsonAnswer(answer, { [replayedHeader]: "true" });
}

function jsonAnswer(answer: { status: number; body: string }, headers: Record<string, string>): ApiAnswer {
  return { status: answer.status, bytes: answer.body, mediaType: "application/json", headers };
}
