import { createHash } from "node:crypto";
import { UserError } from "../../contract/user-error.ts";
import type { Store } from "../../store/store.ts";
import { isPrincipalName } from "../principal-name.ts";
import type { Claims } from "./open-id-client.ts";
import type { SignInProvider } from "./provider-settings.ts";

/** The users that providers send, and the groups that they belong to by the providers' word. */
export class IdentityUsers {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #forget: (principalId: string) => void;

  constructor(store: Pick<Store, "read" | "write">, forget: (principalId: string) => void) {
    this.#store = store;
    this.#forget = forget;
  }

  /**
   * The user that is known under this identity; a new one where it was never here. Its memberships are as the provider says now. Somebody
   * who happens to have the same name here is never taken for it.
   * @throws UserError `no-new-users` (403)
   */
  async userOf(provider: SignInProvider, claims: Claims): Promise<{ principalId: string }> {
    const { name, issuer, newUsers } = provider;
    const identityHash = createHash("sha256")
      .update(JSON.stringify([claims.iss, claims.sub]))
      .digest();
    const groupIds = await this.#groupsOf(provider, claims);
    const known = await this.#store.read.userOfIdentity({ identityHash });
    if (known === null && (newUsers === "nobody" || (newUsers === "members" && groupIds.length === 0))) {
      throw new UserError("no-new-users", `${provider.displayName} knows you, but you may not use this installation.`, {
        status: 403,
        remedy: "Ask an administrator to let you in.",
      });
    }
    const identity = { identityHash, provider: name, issuer, subject: claims.sub };
    const user = known ?? (await this.#create(provider, claims, identity));
    await this.#setMemberships(user.principalId, groupIds, name);
    return user;
  }

  async #create(
    provider: SignInProvider,
    claims: Claims,
    identity: { identityHash: Buffer; provider: string; issuer: string; subject: string },
  ): Promise<{ principalId: string }> {
    const email = textOf(claims["email"]);
    const about = {
      displayName: textOf(claims["name"])?.slice(0, 256) ?? "",
      email: claims["email_verified"] === false || email === null || email.length > 320 ? null : email,
    };
    const wanted = textOf(claims[provider.nameClaim]) ?? "";
    const mark = identity.identityHash.toString("hex").slice(0, 8);
    const names = [wanted, `${wanted}@${provider.name}`, `${provider.name}-${mark}`].filter(isPrincipalName);
    for (const name of names) {
      try {
        return await this.#store.write.createUserOfIdentity({ name, ...about, ...identity });
      } catch (error) {
        if (!(error instanceof UserError) || error.code === "identity-exists") {
          // Signed in twice at the same moment, for the first time.
          const known = await this.#store.read.userOfIdentity({ identityHash: identity.identityHash });
          if (known !== null) {
            return known;
          }
          throw error;
        }
        if (error.code !== "principal-exists") {
          throw error;
        }
      }
    }
    throw new Error(`No name is left for the subject ${mark} of ${provider.name}`);
  }

  async #groupsOf({ groups, groupsClaim }: SignInProvider, claims: Claims): Promise<string[]> {
    const claimed = claims[groupsClaim];
    const theirs = Array.isArray(claimed) ? claimed : [claimed];
    const ours = theirs.flatMap((group) =>
      typeof group === "string" && Object.hasOwn(groups, group) ? [groups[group] ?? ""] : [],
    );
    const found = await Promise.all(
      [...new Set(ours)].map((name) => this.#store.read.principalByName({ kind: "group", name })),
    );
    // A group that nobody made gives nothing.
    return found.flatMap((group) => (group === null ? [] : [group.principalId]));
  }

  async #setMemberships(principalId: string, groupIds: readonly string[], source: string): Promise<void> {
    const former = (await this.#store.read.groupsOf({ principalId })).filter((one) => one.source === source);
    const isSame = former.length === groupIds.length && former.every(({ groupId }) => groupIds.includes(groupId));
    if (!isSame) {
      await this.#store.write.setMemberships({ principalId, groupIds: [...groupIds], source, addedBy: source });
      this.#forget(principalId);
    }
  }
}

function textOf(claim: unknown): string | null {
  return typeof claim === "string" && claim.trim() !== "" ? claim.trim() : null;
}
