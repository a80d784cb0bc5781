import { UserError } from "../contract/user-error.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { Store } from "../store/store.ts";
import { administratorName } from "./administrator.ts";
import { BasicCredentials } from "./basic-credentials.ts";
import { Groups } from "./groups.ts";
import { OpenIdSignIn } from "./open-id/open-id-sign-in.ts";
import type { SignInProvider } from "./open-id/provider-settings.ts";
import { SignInProviders } from "./open-id/sign-in-providers.ts";
import { PasswordSignIn } from "./password-sign-in.ts";
import type { Permission } from "./permission.ts";
import type { Principal, Role } from "./principal.ts";
import { principalOf } from "./principal-of.ts";
import { RememberedPrincipals } from "./remembered-principals.ts";
import { ServicePrincipals } from "./service-principals.ts";
import type { SessionTimes } from "./sessions.ts";
import { Sessions, usualSessionTimes } from "./sessions.ts";
import { SignInThrottle } from "./sign-in-throttle.ts";
import { looksLikeToken, newToken, tokenHash, tokenKey } from "./token.ts";
import { TokenAdministration } from "./token-administration.ts";
import { UnknownTokens } from "./unknown-tokens.ts";
import { Users } from "./users.ts";

/** Notes of when tokens were used are written this often, in milliseconds. */
const usageInterval = 60_000;

/** Expired tokens deleted in one transaction. */
const purgeSize = 100;

const administratorPurpose = "admin";

export interface AccessOptions {
  sessions?: Partial<SessionTimes>;
  /** For the secrets of sign-in providers. */
  sealer?: Pick<Sealer, "seal" | "open">;
  /** Those that the server's file lists. */
  providers?: readonly SignInProvider[];
}

/** Principals, and who a token, a session or a password speaks for. */
export class AccessFeature {
  readonly users: Users;
  readonly groups: Groups;
  readonly servicePrincipals: ServicePrincipals;
  readonly tokens: TokenAdministration;
  readonly signIn: PasswordSignIn;
  readonly sessions: Sessions;
  readonly providers: SignInProviders;
  readonly openId: OpenIdSignIn;
  readonly #basic: BasicCredentials;
  readonly #store: Pick<Store, "read" | "write">;
  readonly #remembered = new RememberedPrincipals();
  readonly #unknown = new UnknownTokens();
  /** Of those who ask for a worker's link: requests of others from its address hold up no worker. */
  readonly #unknownOfLinks = new UnknownTokens();
  readonly #used = new Map<string, number>();
  readonly #usageTimer: NodeJS.Timeout;
  readonly #revoked = new Set<(principalId: string) => void>();
  readonly #tokensRevoked = new Set<(tokenIds: ReadonlySet<string>) => void>();

  constructor(store: Pick<Store, "read" | "write">, options: AccessOptions = {}) {
    this.#store = store;
    const throttle = new SignInThrottle();
    this.signIn = new PasswordSignIn(store, throttle);
    this.providers = new SignInProviders(store, {
      sealer: options.sealer,
      fromFile: options.providers,
      removed: () => this.forgetAll(),
    });
    this.sessions = new Sessions(store, { ...usualSessionTimes, ...options.sessions });
    this.#basic = new BasicCredentials(this.signIn);
    const forget = (principalId: string) => this.forget(principalId);
    this.openId = new OpenIdSignIn(store, { providers: this.providers, throttle, forget });
    this.users = new Users(store, this.signIn, forget);
    this.groups = new Groups(store, (principalId) => {
      // A group that was disabled is not remembered of its members.
      this.forgetAll();
      this.forget(principalId);
    });
    this.servicePrincipals = new ServicePrincipals(store, forget);
    this.tokens = new TokenAdministration(store, (tokenIds) => this.forgetTokens(tokenIds));
    this.#usageTimer = setInterval(() => void this.#keepHouse().catch(() => undefined), usageInterval);
    this.#usageTimer.unref();
  }

  /**
   * The principal whose token this is, or null when it is unknown, expired, revoked or its principal is disabled.
   * Gives the principal itself, not a promise, when the token was seen within the last 60 s.
   * @param address where the request comes from
   * @throws UserError `too-many-refusals` (429) for a token not seen before, from where many wrong ones come
   */
  authenticate(token: string, address: () => string): Principal | null | Promise<Principal | null> {
    return this.#authenticate(token, address, this.#unknown);
  }

  /** As `authenticate`, of a request for a worker's link. */
  authenticateLink(token: string, address: () => string): Principal | null | Promise<Principal | null> {
    return this.#authenticate(token, address, this.#unknownOfLinks);
  }

  #authenticate(
    token: string,
    address: () => string,
    unknown: UnknownTokens,
  ): Principal | null | Promise<Principal | null> {
    if (!looksLikeToken(token)) {
      return null;
    }
    const key = tokenKey(token);
    const now = Date.now();
    const known = this.#remembered.find(key, now);
    if (known?.tokenId !== undefined) {
      this.#used.set(known.tokenId, now);
      return known;
    }
    return unknown.lookUp(token, address(), () => this.#lookUp(tokenHash(token), key));
  }

  /**
   * A principal as it is now, with its rights: to act for it where no token of it came. Null when it is gone or disabled.
   */
  async principal(principalId: string): Promise<Principal | null> {
    const found = await this.#store.read.actingPrincipal({ principalId });
    return found === null || !found.enabled ? null : principalOf(found);
  }

  /**
   * As `authenticate`, of the secret in a session's cookie.
   * @param replaced is told what the cookie holds from now on
   */
  authenticateSession(
    secret: string,
    replaced: (secret: string) => void,
    address: () => string,
  ): Principal | null | Promise<Principal | null> {
    const found = this.sessions.authenticate(secret, address);
    return found instanceof Promise
      ? found.then((session) => {
          if (session?.newSecret !== undefined) {
            replaced(session.newSecret);
          }
          return session?.principal ?? null;
        })
      : found;
  }

  /**
   * Whose these credentials of Basic authentication are.
   * @param credentials what follows `Basic` in the header
   * @throws UserError `sign-in-refused` (401), `too-many-sign-ins` (429), `sign-in-busy` (503)
   */
  authenticateBasic(credentials: string, address: string): Principal | Promise<Principal> {
    return this.#basic.authenticate(credentials, address);
  }

  /** Ends a session at once, in this service, with the connections that it holds open; others learn of it within a second or two. */
  async endSession(sessionId: string): Promise<void> {
    await this.sessions.end(sessionId);
    this.forgetTokens(new Set([sessionId]));
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
    if (!administrator.enabled || !administrator.roles.includes("administrator")) {
      await this.#store.write.changePrincipal({
        principalId: administrator.principalId,
        enabled: true,
        roles: ["administrator"] satisfies Role[],
      });
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

  /**
   * Drops what is remembered of a principal, or of those who belong to a group, and tells those who hold open connections of it.
   */
  forget(principalId: string): void {
    this.#forgetRemembered(new Set([principalId]));
    for (const listener of this.#revoked) {
      listener(principalId);
    }
  }

  /** Drops what is remembered of everybody: what rights are on has changed, though nobody may do less. */
  forgetAll(): void {
    this.#remembered.forgetEverybody();
    this.#unknown.forget();
    this.#unknownOfLinks.forget();
    this.sessions.forgetEverybody();
    this.#basic.forgetEverybody();
  }

  /**
   * These tokens were revoked, or another service did so, or changed what principals may do.
   * @param ids of tokens, of sessions, of principals, and of groups, for those who belong to them
   */
  forgetTokens(ids: ReadonlySet<string>): void {
    this.#forgetRemembered(ids);
    for (const listener of this.#tokensRevoked) {
      listener(ids);
    }
  }

  /** Calls back with what `forgetTokens` was told. @returns a function that ends it */
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

  #forgetRemembered(ids: ReadonlySet<string>): void {
    this.#remembered.forgetAll(ids);
    this.#unknown.forget();
    this.#unknownOfLinks.forget();
    this.sessions.forget(ids);
    this.#basic.forget(ids);
  }

  async #lookUp(hash: Buffer, key: string): Promise<Principal | null> {
    const { changes } = this.#remembered;
    const holder = await this.#store.read.tokenHolder({ hash });
    if (holder === null) {
      this.#remembered.drop(key);
      return null;
    }
    const { tokenId, scope, expiresAt } = holder;
    const principal: Principal = {
      ...principalOf(holder),
      tokenId,
      ...(scope !== null && { scope: scope as Permission[] }),
      ...(expiresAt !== null && { signedInUntil: expiresAt }),
    };
    this.#remembered.remember(key, principal, expiresAt, changes);
    this.#used.set(tokenId, Date.now());
    return principal;
  }

  #administrator() {
    return this.#store.read.principalByName({ kind: "user", name: administratorName });
  }

  async #keepHouse(): Promise<void> {
    await this.#writeUsage();
    await this.#store.write.purgeExpiredTokens({ limit: purgeSize });
    await this.sessions.purge();
  }

  async #writeUsage(): Promise<void> {
    await this.sessions.writeUsage();
    if (this.#used.size > 0) {
      const tokens = [...this.#used].map(([tokenId, usedAt]) => ({ tokenId, usedAt }));
      this.#used.clear();
      await this.#store.write.markTokensUsed({ tokens });
    }
  }
}
