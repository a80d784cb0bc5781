import { UserError } from "../contract/user-error.ts";
import type { Store } from "../store/store.ts";
import type { Principal, Role } from "./principal.ts";
import { principalOf } from "./principal-of.ts";
import { looksLikeToken, newToken, tokenHash, tokenKey } from "./token.ts";

/** A token that was found is believed for this long without asking the store again, in milliseconds. */
const cacheTime = 60_000;
const cacheSize = 10_000;

/** Notes of when tokens were used are written this often, in milliseconds. */
const usageInterval = 60_000;

/** Expired tokens deleted in one transaction. */
const purgeSize = 100;

interface CachedToken {
  principal: Principal;
  tokenId: string;
  until: number;
}

export const administratorName = "administrator";
const administratorPurpose = "admin";

/** Principals, their tokens, and who a token speaks for. */
export class AccessFeature {
  readonly #store: Pick<Store, "read" | "write">;
  /** By the token's hash, never by the token. */
  readonly #cache = new Map<string, CachedToken>();
  readonly #used = new Map<string, number>();
  readonly #usageTimer: NodeJS.Timeout;
  readonly #revoked = new Set<(principalId: string) => void>();
  readonly #tokensRevoked = new Set<(tokenIds: ReadonlySet<string>) => void>();
  /** Grows with each revocation: an answer of the store that is older must not enter the cache. */
  #revocations = 0;

  constructor(store: Pick<Store, "read" | "write">) {
    this.#store = store;
    this.#usageTimer = setInterval(() => void this.#keepHouse().catch(() => undefined), usageInterval);
    this.#usageTimer.unref();
  }

  /**
   * The principal whose token this is, or null when it is unknown, expired, revoked or its principal is disabled.
   * Gives the principal itself, not a promise, when the token was seen within the last 60 s.
   */
  authenticate(token: string): Principal | null | Promise<Principal | null> {
    if (!looksLikeToken(token)) {
      return null;
    }
    const key = tokenKey(token);
    const known = this.#cache.get(key);
    const now = Date.now();
    if (known !== undefined && known.until > now) {
      this.#used.set(known.tokenId, now);
      return known.principal;
    }
    return this.#lookUp(tokenHash(token), key);
  }

  /**
   * A principal as it is now, with its rights: to act for it where no token of it came. Null when it is gone or disabled.
   */
  async principal(principalId: string): Promise<Principal | null> {
    const found = await this.#store.read.actingPrincipal({ principalId });
    return found === null || !found.enabled ? null : principalOf(found);
  }

  /** Makes the administrator and a first token when there is no administrator yet; null when there is one. */
  async createFirstAdministrator(): Promise<string | null> {
    if ((await this.#administrator()) !== null) {
      return null;
    }
    const token = newToken();
    try {
      await this.#store.write.createPrincipal({
        kind: "user",
        name: administratorName,
        roles: ["administrator"] satisfies Role[],
        token: { hash: tokenHash(token), purpose: administratorPurpose, expiresAt: null },
      });
    } catch (error) {
      if (error instanceof UserError && error.code === "principal-exists") {
        // Another service over the same database started in this moment, and has the token.
        return null;
      }
      throw error;
    }
    return token;
  }

  /** Makes a new token for the administrator; all of its former ones end at once. */
  async resetAdministratorToken(): Promise<string> {
    const administrator = await this.#administrator();
    if (administrator === null) {
      const first = await this.createFirstAdministrator();
      if (first !== null) {
        return first;
      }
      throw new Error("The administrator appeared while it was being made");
    }
    if (!administrator.enabled) {
      await this.#store.write.changePrincipal({ principalId: administrator.principalId, enabled: true });
    }
    return this.replaceToken(administrator.principalId, administratorPurpose);
  }

  /** Gives a principal a new token in place of those it has for the same purpose; they end at once. */
  async replaceToken(principalId: string, purpose: string): Promise<string> {
    const token = newToken();
    await this.#store.write.createToken({
      principalId,
      purpose,
      hash: tokenHash(token),
      expiresAt: null,
      replace: true,
    });
    this.forget(principalId);
    return token;
  }

  /** Ends every token of a principal at once, in this service; others learn of it within a second or two. */
  async revokeTokens(principalId: string): Promise<void> {
    await this.#store.write.revokeTokens({ principalId });
    this.forget(principalId);
  }

  /** Drops what is remembered of a principal's tokens, and tells those who hold open connections of it. */
  forget(principalId: string): void {
    this.#revocations += 1;
    for (const [key, cached] of this.#cache) {
      if (cached.principal.principalId === principalId) {
        this.#cache.delete(key);
      }
    }
    for (const listener of this.#revoked) {
      listener(principalId);
    }
  }

  /** Drops what is remembered of everybody: what rights are on has changed, though nobody may do less. */
  forgetAll(): void {
    this.#revocations += 1;
    this.#cache.clear();
  }

  /** Another service revoked these tokens, or changed what their principals may do. */
  forgetTokens(tokenIds: ReadonlySet<string>): void {
    this.#revocations += 1;
    for (const [key, cached] of this.#cache) {
      if (tokenIds.has(cached.tokenId)) {
        this.#cache.delete(key);
      }
    }
    for (const listener of this.#tokensRevoked) {
      listener(tokenIds);
    }
  }

  /** Calls back when another service revoked tokens. @returns a function that ends it */
  onTokensRevoked(listener: (tokenIds: ReadonlySet<string>) => void): () => void {
    this.#tokensRevoked.add(listener);
    return () => this.#tokensRevoked.delete(listener);
  }

  /** Calls back when tokens of a principal were revoked. @returns a function that ends it */
  onRevoked(listener: (principalId: string) => void): () => void {
    this.#revoked.add(listener);
    return () => this.#revoked.delete(listener);
  }

  /** Writes what is left to write. */
  async close(): Promise<void> {
    clearInterval(this.#usageTimer);
    await this.#writeUsage();
  }

  async #lookUp(hash: Buffer, key: string): Promise<Principal | null> {
    const revocations = this.#revocations;
    const holder = await this.#store.read.tokenHolder({ hash });
    if (holder === null) {
      this.#cache.delete(key);
      return null;
    }
    const principal: Principal = { ...principalOf(holder), tokenId: holder.tokenId };
    const now = Date.now();
    if (revocations === this.#revocations) {
      this.#remember(key, {
        principal,
        tokenId: holder.tokenId,
        until: Math.min(now + cacheTime, holder.expiresAt ?? Number.POSITIVE_INFINITY),
      });
    }
    this.#used.set(holder.tokenId, now);
    return principal;
  }

  #remember(key: string, cached: CachedToken): void {
    if (this.#cache.size >= cacheSize) {
      // The oldest entry; entries live for a minute at most, so nothing finer is worth its cost.
      const oldest = this.#cache.keys().next().value;
      if (oldest !== undefined) {
        this.#cache.delete(oldest);
      }
    }
    this.#cache.set(key, cached);
  }

  #administrator() {
    return this.#store.read.principalByName({ kind: "user", name: administratorName });
  }

  async #keepHouse(): Promise<void> {
    await this.#writeUsage();
    await this.#store.write.purgeExpiredTokens({ limit: purgeSize });
  }

  async #writeUsage(): Promise<void> {
    if (this.#used.size > 0) {
      const tokens = [...this.#used].map(([tokenId, usedAt]) => ({ tokenId, usedAt }));
      this.#used.clear();
      await this.#store.write.markTokensUsed({ tokens });
    }
  }
}
