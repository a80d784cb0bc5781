import { isoTime } from "../contract/api/iso-time.ts";
import type { SessionResource } from "../contract/api/principal.ts";
import type { SessionHolder } from "../store/operations/sign-ins.ts";
import type { Store } from "../store/store.ts";
import type { Principal } from "./principal.ts";
import { principalOf } from "./principal-of.ts";
import { RememberedPrincipals } from "./remembered-principals.ts";
import { looksLikeToken, newToken, tokenHash, tokenKey } from "./token.ts";
import { UnderWay } from "./under-way.ts";
import { sessionLimits, UnknownTokens } from "./unknown-tokens.ts";

/** How long sessions last, in milliseconds. */
export interface SessionTimes {
  /** Without any request; to the minute or so. */
  idle: number;
  /** Whatever is done. */
  longest: number;
  /** The secret in the cookie is replaced when it is older than this. */
  rotation: number;
}

export const usualSessionTimes: SessionTimes = { idle: 3_600_000, longest: 12 * 3_600_000, rotation: 15 * 60_000 };

/** A former secret is good for this long after its successor was seen, for requests that were under way; milliseconds. */
const grace = 60_000;

/** Ended sessions deleted in one transaction. */
const purgeSize = 100;

/** What a session that was looked up gives. */
export interface FoundSession {
  principal: Principal;
  /** What the cookie holds from now on; left out where it stays. */
  newSecret?: string;
}

/** The sessions of users who signed in with a browser. */
export class Sessions {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #times: SessionTimes;
  readonly #remembered = new RememberedPrincipals();
  /** When each was used last. */
  readonly #used = new Map<string, number>();
  readonly #unknown = new UnknownTokens(sessionLimits);
  readonly #lookingUp = new UnderWay<FoundSession | null>();

  constructor(store: Pick<Store, "read" | "write">, times: SessionTimes) {
    this.#store = store;
    this.#times = times;
  }

  /**
   * Begins a session of a user who has just shown to be it. Its secret is a new one, whatever the browser had before.
   * @param session `method`: how the user signed in, `password` or the name of a provider
   * `passwordHash`: by which the password was verified; left out where none was
   * @throws UserError `principal-not-found` (404) when the user has gone, was disabled, or was given another password meanwhile
   */
  async begin(session: {
    principalId: string;
    method: string;
    address: string;
    passwordHash?: string;
  }): Promise<{ secret: string }> {
    const secret = newToken();
    await this.#store.write.beginSession({
      ...session,
      hash: tokenHash(secret),
      idleTime: this.#times.idle,
      longestTime: this.#times.longest,
    });
    this.#unknown.noteGood(secret);
    return { secret };
  }

  /**
   * The user whose session this is the secret of, or null when it is unknown or over. Gives the principal itself, not a promise, when the
   * secret was seen within the last 60 s.
   * @param address where the request comes from
   * @throws UserError `too-many-refusals` (429) for a secret not seen before, from where many wrong ones come
   */
  authenticate(secret: string, address: () => string): Principal | null | Promise<FoundSession | null> {
    if (!looksLikeToken(secret)) {
      return null;
    }
    const key = tokenKey(secret);
    const now = Date.now();
    const known = this.#remembered.find(key, now);
    if (known?.sessionId !== undefined) {
      this.#used.set(known.sessionId, now);
      return known;
    }
    // Requests that come at once replace the secret once.
    return this.#lookingUp.of(key, () =>
      this.#unknown.lookUp(secret, address(), () => this.#lookUp(tokenHash(secret), key)),
    );
  }

  /** The sessions of a principal that have not ended, the newest first. */
  async list({ principalId, sessionId: current }: Principal): Promise<SessionResource[]> {
    return (await this.#store.read.sessions({ principalId })).map(({ sessionId, method, address, ...times }) => ({
      sessionId,
      signedInBy: method,
      address,
      current: sessionId === current,
      createdAt: isoTime(times.createdAt),
      idleEndsAt: isoTime(times.idleAt),
      endsAt: isoTime(times.endsAt),
    }));
  }

  /** Ends a session at once, in this service; others learn of it within a second or two. */
  async end(sessionId: string): Promise<void> {
    await this.#store.write.endSession({ sessionId });
    this.forget(new Set([sessionId]));
  }

  /** @param ids of principals, groups and sessions that were changed or ended */
  forget(ids: ReadonlySet<string>): void {
    this.#remembered.forgetAll(ids);
    this.#unknown.forget();
    this.#lookingUp.clear();
  }

  forgetEverybody(): void {
    this.#remembered.forgetEverybody();
    this.#unknown.forget();
    this.#lookingUp.clear();
  }

  /** Writes when sessions were used. */
  async writeUsage(): Promise<void> {
    if (this.#used.size > 0) {
      const sessions = [...this.#used].map(([sessionId, usedAt]) => ({ sessionId, idleAt: usedAt + this.#times.idle }));
      this.#used.clear();
      await this.#store.write.markSessionsUsed({ sessions });
    }
  }

  /** Deletes what has ended. */
  async purge(): Promise<void> {
    await this.#store.write.purgeEndedSessions({ limit: purgeSize });
  }

  async #lookUp(hash: Buffer, key: string): Promise<FoundSession | null> {
    const { changes } = this.#remembered;
    const holder = await this.#store.read.sessionHolder({ hash });
    if (holder === null) {
      this.#remembered.drop(key);
      return null;
    }
    const { sessionId, endsAt, secretEndsAt } = holder;
    const principal: Principal = {
      ...principalOf(holder),
      sessionId,
      signedInUntil: endsAt,
      ...(holder.mustChangePassword && holder.method === "password" && { mustChangePassword: true }),
    };
    if (holder.hasFormerSecret) {
      await this.#store.write.retireSessionSecrets({ sessionId, hash, grace });
    }
    const now = Date.now();
    this.#remembered.remember(
      key,
      principal,
      Math.min(endsAt, secretEndsAt ?? endsAt, now + this.#times.idle),
      changes,
    );
    this.#used.set(sessionId, now);
    const newSecret = now - holder.newestSecretAt < this.#times.rotation ? null : await this.#nextSecret(holder);
    return newSecret === null ? { principal } : { principal, newSecret };
  }

  /** A secret that replaces the present one once it comes back: an answer may get lost. */
  async #nextSecret({ sessionId }: SessionHolder): Promise<string | null> {
    const secret = newToken();
    if (!(await this.#store.write.addSessionSecret({ sessionId, hash: tokenHash(secret) }))) {
      return null;
    }
    this.#unknown.noteGood(secret);
    return secret;
  }
}
