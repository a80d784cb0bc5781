import { isoTime } from "../../contract/api/iso-time.ts";
import type { SignInProviderResource, SignInProviderSettings } from "../../contract/api/sign-in-provider.ts";
import { UserError } from "../../contract/user-error.ts";
import type { Sealer } from "../../sealing/sealer.ts";
import { newId } from "../../store/new-id.ts";
import type { StoredSignInProvider } from "../../store/operations/sign-in-providers.ts";
import type { Store } from "../../store/store.ts";
import type { ChangedBy } from "../principal-administration.ts";
import { providerPlace } from "./provider-secrets.ts";
import type { SignInProvider } from "./provider-settings.ts";
import { checkIssuer, usualProviderSettings } from "./provider-settings.ts";

/** What is set of a provider; what is left out stays, or is as usual. */
export type ProviderChange = Partial<Omit<SignInProviderSettings, "name">> & {
  enabled?: boolean;
  /** Null takes it away: PKCE alone protects such a client. */
  clientSecret?: string | null;
};

type NewProvider = ProviderChange & Pick<SignInProviderSettings, "name" | "issuer" | "clientId">;

/** Of those who never look at a provider, such as the reset of the administrator's token. */
const sealsNothing: Pick<Sealer, "seal" | "open"> = {
  seal() {
    throw new Error("There is no sealer here");
  },
  open() {
    throw new Error("There is no sealer here");
  },
};

export interface SignInProvidersOptions {
  sealer?: Pick<Sealer, "seal" | "open"> | undefined;
  /** Of the server's file. */
  fromFile?: readonly SignInProvider[] | undefined;
  /** A provider is gone, and the memberships that it gave with it. */
  removed?: () => void;
}

/** The providers by which users may sign in: those of the server's file, and those that administrators set. */
export class SignInProviders {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #sealer: Pick<Sealer, "seal" | "open">;
  readonly #fromFile: ReadonlyMap<string, SignInProvider>;
  readonly #removed: () => void;

  constructor(store: Pick<Store, "read" | "write">, options: SignInProvidersOptions = {}) {
    this.#store = store;
    this.#sealer = options.sealer ?? sealsNothing;
    this.#fromFile = new Map((options.fromFile ?? []).map((provider) => [provider.name, provider]));
    this.#removed = options.removed ?? (() => undefined);
  }

  /** What everybody may know of those that are enabled, by name. */
  async enabled(): Promise<Pick<SignInProviderSettings, "name" | "displayName">[]> {
    const all = await this.list();
    return all.filter(({ enabled }) => enabled).map(({ name, displayName }) => ({ name, displayName }));
  }

  /** One that users may sign in by, with its secret. @throws UserError `sign-in-provider-not-found` (404) */
  async find(name: string): Promise<SignInProvider> {
    const fixed = this.#fromFile.get(name);
    if (fixed !== undefined) {
      return fixed;
    }
    const stored = await this.#store.read.signInProvider({ name });
    if (stored === null || !stored.enabled) {
      throw notFound(name);
    }
    const { sealedSecret, providerId, secretVersion, revision } = stored;
    const secret =
      sealedSecret === null ? null : this.#sealer.open(sealedSecret, providerPlace(providerId, secretVersion));
    return {
      ...settingsOf(stored),
      clientSecret: secret === null ? null : Buffer.from(secret).toString("utf8"),
      version: `${providerId} ${revision}`,
    };
  }

  /** All of them, by name. One of the file goes before another of the same name. */
  async list(): Promise<SignInProviderResource[]> {
    const stored = await this.#store.read.signInProviders();
    return [
      ...[...this.#fromFile.values()].map(fixedResource),
      ...stored.filter(({ name }) => !this.#fromFile.has(name)).map(storedResource),
    ].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** @throws UserError `sign-in-provider-not-found` (404) */
  async get(name: string): Promise<SignInProviderResource> {
    const fixed = this.#fromFile.get(name);
    return fixed === undefined ? storedResource(await this.#stored(name)) : fixedResource(fixed);
  }

  /** @throws UserError `invalid-issuer`, `sign-in-provider-exists` (409) */
  async create({ name, enabled, clientSecret, ...settings }: NewProvider, { caller }: ChangedBy) {
    checkIssuer(settings.issuer);
    if (this.#fromFile.has(name)) {
      throw inFile(name);
    }
    const providerId = newId();
    const created = await this.#store.write.createSignInProvider({
      providerId,
      name,
      settings: { ...usualProviderSettings, displayName: name, ...settings },
      enabled: enabled ?? true,
      sealedSecret: this.#seal(clientSecret ?? null, providerId, 1),
      changedBy: caller.name,
    });
    return storedResource(created);
  }

  /**
   * @throws UserError `invalid-issuer`, `client-secret-needed`, `sign-in-provider-not-found` (404), `sign-in-provider-in-file` (409),
   * `revision-mismatch` (412)
   */
  async change(
    name: string,
    { enabled, clientSecret, ...settings }: ProviderChange,
    { caller, expectedRevision }: ChangedBy,
  ): Promise<SignInProviderResource> {
    const former = await this.#stored(name);
    const next = { ...former.settings, ...settings };
    checkIssuer(String(next["issuer"]));
    refuseSecretForOthers(former, next, clientSecret);
    const version = former.secretVersion + 1;
    const changed = await this.#store.write.changeSignInProvider({
      name,
      settings: next,
      enabled: enabled ?? former.enabled,
      ...(clientSecret !== undefined && {
        secret: { sealed: this.#seal(clientSecret, former.providerId, version), version },
      }),
      changedBy: caller.name,
      expectedRevision: expectedRevision ?? former.revision,
    });
    return storedResource(changed);
  }

  /** Its users stay, sign in by it no longer, and lose the memberships that it gave them. @throws UserError as `change` does */
  async remove(name: string, expectedRevision: number | undefined): Promise<void> {
    await this.#stored(name);
    await this.#store.write.removeSignInProvider({ name, ...(expectedRevision !== undefined && { expectedRevision }) });
    this.#removed();
  }

  async #stored(name: string): Promise<StoredSignInProvider> {
    if (this.#fromFile.has(name)) {
      throw inFile(name);
    }
    const stored = await this.#store.read.signInProvider({ name });
    if (stored === null) {
      throw notFound(name);
    }
    return stored;
  }

  #seal(secret: string | null, providerId: string, version: number): Uint8Array | null {
    return secret === null ? null : this.#sealer.seal(Buffer.from(secret, "utf8"), providerPlace(providerId, version));
  }
}

/**
 * A secret that is stored goes to whom it was given for, and to nobody else: it is replaced, never read back, by way of another issuer
 * neither.
 * @throws UserError `client-secret-needed`
 */
function refuseSecretForOthers(
  { name, settings, sealedSecret }: StoredSignInProvider,
  next: Record<string, unknown>,
  clientSecret: string | null | undefined,
): void {
  const isOther = ["issuer", "clientId"].some((field) => next[field] !== settings[field]);
  if (isOther && sealedSecret !== null && clientSecret === undefined) {
    throw new UserError(
      "client-secret-needed",
      `The client secret of ${name} was given for another issuer or client.`,
      {
        status: 400,
        remedy: "Send clientSecret with the change: the one for the new issuer and client, or null.",
      },
    );
  }
}

function settingsOf({ name, settings }: StoredSignInProvider): SignInProviderSettings {
  // Written whole, with what is usual where nothing else was said.
  return { ...(settings as unknown as SignInProviderSettings), name };
}

function fixedResource({ clientSecret, version: _, ...settings }: SignInProvider): SignInProviderResource {
  return {
    ...settings,
    enabled: true,
    hasClientSecret: clientSecret !== null,
    fromFile: true,
    modifiedAt: null,
    modifiedBy: null,
    revision: 0,
  };
}

function storedResource(stored: StoredSignInProvider): SignInProviderResource {
  return {
    ...settingsOf(stored),
    enabled: stored.enabled,
    hasClientSecret: stored.sealedSecret !== null,
    fromFile: false,
    modifiedAt: isoTime(stored.modifiedAt),
    modifiedBy: stored.modifiedBy,
    revision: stored.revision,
  };
}

function notFound(name: string): UserError {
  return new UserError("sign-in-provider-not-found", `There is no sign-in provider ${name}.`, {
    status: 404,
    remedy: "GET /api/sign-in lists them.",
  });
}

function inFile(name: string): UserError {
  return new UserError("sign-in-provider-in-file", `The sign-in provider ${name} is in the server's file.`, {
    status: 409,
    remedy: "Change it in the file that --sign-in-providers names, and start the server again.",
  });
}
