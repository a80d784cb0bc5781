import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { Page } from "../contract/api/page.ts";
import type { NewTokenResource, TokenPermission, TokenResource } from "../contract/api/principal.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredToken } from "../store/operations/access.ts";
import type { Store } from "../store/store.ts";
import { requireRole } from "./authorize.ts";
import { namedPrincipal } from "./named-principal.ts";
import { refuseScopedToken } from "./narrow-token.ts";
import type { Principal } from "./principal.ts";
import { newToken, tokenHash } from "./token.ts";

/** What tokens made here are for; those of workers and of the first administrator have purposes of their own. */
const purpose = "api";

/** More than anybody needs; keeps one account from filling the database. */
const mostTokens = 200;

/** What is asked for with a new token. */
export interface TokenRequest {
  /** Whose it is, as `namedPrincipal` takes it; the caller's own when left out. */
  principal?: string;
  name: string;
  /** The permissions that it has at most; null or left out for all of its principal's. */
  scope?: TokenPermission[] | null;
  /** Null or left out: it does not end by itself. */
  expiresAt?: string | null;
}

/** Everybody's own tokens, and for administrators those of others. */
export class TokenAdministration {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #forget: (tokenIds: ReadonlySet<string>) => void;

  constructor(store: Pick<Store, "read" | "write">, forget: (tokenIds: ReadonlySet<string>) => void) {
    this.#store = store;
    this.#forget = forget;
  }

  /**
   * In the order in which they were made; expired ones are shown until they are purged.
   * @param principal whose, as `namedPrincipal` takes it; `all` for everybody's but workers'; the caller's own when left out
   * @throws UserError `not-permitted` (403) for others' to who is no administrator; `principal-not-found` (404)
   */
  async list(
    caller: Principal,
    { principal, after, limit }: { principal?: string | undefined; after?: string; limit: number },
  ): Promise<Page<TokenResource>> {
    const principalId = principal === "all" ? undefined : await this.#principalOf(caller, principal);
    if (principalId !== caller.principalId) {
      requireRole(caller, "administrator");
    }
    const { items, next } = await this.#store.read.tokens({
      limit,
      // Ids may be written in either case.
      ...(after !== undefined && { after: after.toLowerCase() }),
      ...(principalId !== undefined && { principalId }),
    });
    return { items: items.map(tokenResource), next };
  }

  /** @throws UserError `token-not-found` (404), also for others' to who is no administrator */
  async get(caller: Principal, tokenId: string): Promise<TokenResource> {
    return tokenResource(await this.#find(caller, tokenId));
  }

  /**
   * Makes a token; it is shown this once.
   * @throws UserError `scoped-token` (403) where the caller's own token has a scope; `not-permitted` (403), `principal-not-found` (404),
   * `expiry-passed`, `too-many-tokens` (409), `group-has-no-tokens`
   */
  async create(caller: Principal, request: TokenRequest): Promise<NewTokenResource> {
    if (caller.scope !== undefined) {
      throw new UserError(
        "scoped-token",
        "A token that was made for less than its principal may makes no further tokens.",
        {
          status: 403,
          remedy: "Sign in by password, or use a token without a scope.",
        },
      );
    }
    const principalId = await this.#principalOf(caller, request.principal);
    if (principalId !== caller.principalId) {
      requireRole(caller, "administrator");
    }
    const expiresAt = expiryOf(request.expiresAt);
    await this.#refuseTooMany(principalId);
    const token = newToken();
    const { tokenId } = await this.#store.write.createToken({
      principalId,
      hash: tokenHash(token),
      purpose,
      name: request.name,
      scope: scopeOf(request.scope),
      expiresAt,
      createdBy: caller.name,
    });
    const made = await this.#store.read.token({ tokenId });
    if (made === null) {
      throw new UserError("token-not-found", "The token was revoked as soon as it was made.", { status: 404 });
    }
    return { ...tokenResource(made), token };
  }

  /** Ends a token at once. A token with a scope may end itself and no other. @throws UserError `token-not-found` (404), `not-permitted` (403) */
  async revoke(caller: Principal, tokenId: string): Promise<void> {
    if (tokenId.toLowerCase() !== caller.tokenId) {
      refuseScopedToken(caller);
    }
    const token = await this.#find(caller, tokenId);
    await this.#store.write.revokeToken({ tokenId: token.tokenId });
    this.#forget(new Set([token.tokenId]));
  }

  async #find(caller: Principal, tokenId: string): Promise<StoredToken> {
    const token = await this.#store.read.token({ tokenId: tokenId.toLowerCase() });
    const isTheirs = token?.principalId === caller.principalId || caller.roles.includes("administrator");
    // A worker's token lives and dies with the worker.
    if (token === null || token.principalKind === "worker" || !isTheirs) {
      throw new UserError("token-not-found", `There is no token ${tokenId}.`, {
        status: 404,
        remedy: "List them: npx runsmith get-token.",
      });
    }
    if (token.principalId !== caller.principalId) {
      requireRole(caller, "administrator");
    }
    return token;
  }

  async #principalOf(caller: Principal, named: string | undefined): Promise<string> {
    if (named === undefined) {
      return caller.principalId;
    }
    // Whether somebody is there is told to administrators only.
    if (!caller.roles.includes("administrator")) {
      requireRole(caller, "administrator");
    }
    const { principalId, kind, name } = await namedPrincipal(this.#store, named);
    if (kind === "group") {
      throw new UserError("group-has-no-tokens", `${name} is a group, and nobody acts as a group.`, {
        remedy: "Make a service principal a member of the group, and a token for that.",
      });
    }
    return principalId;
  }

  async #refuseTooMany(principalId: string): Promise<void> {
    const { items } = await this.#store.read.tokens({ principalId, limit: mostTokens });
    if (items.length >= mostTokens) {
      throw new UserError("too-many-tokens", `There are ${mostTokens} tokens already.`, {
        status: 409,
        remedy: "Revoke those that are not used any more: npx runsmith get-token, revoke-token.",
      });
    }
  }
}

/** Without `read` nothing could be named that the other permissions are about. */
function scopeOf(scope: readonly TokenPermission[] | null | undefined): TokenPermission[] | null {
  return scope === null || scope === undefined ? null : [...new Set<TokenPermission>(["read", ...scope])];
}

function expiryOf(expiresAt: string | null | undefined): number | null {
  if (expiresAt === null || expiresAt === undefined) {
    return null;
  }
  const time = Date.parse(expiresAt);
  // Not later than now, or no time at all, such as a leap second.
  if (!(time > Date.now())) {
    throw new UserError("expiry-passed", `The token would have ended at ${expiresAt} already.`, {
      remedy: "Choose a later time, or null for none.",
      errors: [{ pointer: "/expiresAt", message: "has passed" }],
    });
  }
  return time;
}

function tokenResource(token: StoredToken): TokenResource {
  const { principalId, principalKind, principalName } = token;
  return {
    tokenId: token.tokenId,
    name: token.name === "" ? token.purpose : token.name,
    principal: { principalId, kind: principalKind, name: principalName },
    scope: token.scope as TokenPermission[] | null,
    createdAt: isoTime(token.createdAt),
    createdBy: token.createdBy,
    expiresAt: isoTimeOrNull(token.expiresAt),
    lastUsedAt: isoTimeOrNull(token.lastUsedAt),
  };
}
