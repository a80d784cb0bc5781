import type { Principal } from "./principal.ts";

/** What was found is believed for this long without asking the store again, in milliseconds. */
export const longestMemory = 60_000;

const mostRemembered = 10_000;

interface Remembered {
  principal: Principal;
  /** When it is to be asked again, in milliseconds since the epoch. */
  until: number;
}

/**
 * Whom secrets speak for, by a hash of the secret, never by the secret. What it holds is dropped as soon as the principal, one of its
 * groups, or the token or session itself is said to have changed.
 */
export class RememberedPrincipals {
  readonly #byKey = new Map<string, Remembered>();
  #changes = 0;

  /** Grows with each change that was told: an answer of the store that was asked for before it must not be remembered. */
  get changes(): number {
    return this.#changes;
  }

  find(key: string, now: number): Principal | undefined {
    const known = this.#byKey.get(key);
    return known !== undefined && known.until > now ? known.principal : undefined;
  }

  /**
   * @param end when the secret is good no longer, in milliseconds since the epoch
   * @param changes as it was before the store was asked
   */
  remember(key: string, principal: Principal, end: number | null, changes: number): void {
    if (changes !== this.#changes) {
      return;
    }
    if (this.#byKey.size >= mostRemembered) {
      // The oldest entry; entries live for a minute at most, so nothing finer is worth its cost.
      const oldest = this.#byKey.keys().next().value;
      if (oldest !== undefined) {
        this.#byKey.delete(oldest);
      }
    }
    this.#byKey.delete(key);
    this.#byKey.set(key, {
      principal,
      until: Math.min(Date.now() + longestMemory, end ?? Number.POSITIVE_INFINITY),
    });
  }

  drop(key: string): void {
    this.#byKey.delete(key);
  }

  /** @param id of a principal, a group, a token or a session */
  forget(id: string): void {
    this.forgetAll(new Set([id]));
  }

  forgetEverybody(): void {
    this.#changes += 1;
    this.#byKey.clear();
  }

  /** @param ids of principals, groups, tokens and sessions */
  forgetAll(ids: ReadonlySet<string>): void {
    this.#changes += 1;
    for (const [key, { principal }] of this.#byKey) {
      if (isMeant(principal, ids)) {
        this.#byKey.delete(key);
      }
    }
  }
}

/** Whether one of these ids is the principal's, of one of its groups, or of the token or session that speaks for it. */
export function isMeant(
  { principalId, groupIds, tokenId, sessionId }: Pick<Principal, "principalId" | "groupIds" | "tokenId" | "sessionId">,
  ids: ReadonlySet<string>,
): boolean {
  return (
    ids.has(principalId) ||
    (tokenId !== undefined && ids.has(tokenId)) ||
    (sessionId !== undefined && ids.has(sessionId)) ||
    groupIds?.some((groupId) => ids.has(groupId)) === true
  );
}
