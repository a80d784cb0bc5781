import type {
  CredentialResource,
  CredentialSettings,
  VariableResource,
  VariableSettings,
} from "../contract/api/asset.ts";
import type { AssetValue, CredentialValue, VariableValue } from "../contract/assets.ts";
import { UserError } from "../contract/user-error.ts";
import type { AssetSource, AssetUse } from "../jobs/asset-source.ts";
import type { Sealer } from "../sealing/sealer.ts";
import { noSuchAsset } from "../store/asset-refusals.ts";
import type { Store } from "../store/store.ts";
import { AssetCollection } from "./asset-collection.ts";
import type { FormerAsset } from "./asset-rules.ts";
import { Credentials, userNameOf } from "./credentials.ts";
import { contentOf, prepared, typedValue, Variables } from "./variables.ts";
import { referenceOf } from "./vault-references.ts";

/*
 * Assets: what runbooks need beside their parameters.
 *
 *   asset-collection   what is done to the assets of any kind: lists, changes, rights, sealing
 *   variables, …       what is special to a kind
 *   naming-runbooks    which published runbooks name an asset
 *   vault-references   values that are elsewhere
 */

export interface AssetsParts {
  store: Pick<Store, "read" | "write" | "once">;
  sealer: Sealer;
}

/** A variable that a job sets while others set it too is tried this often. */
const mostTries = 10;

/** All assets, and their values for jobs. */
export class AssetsFeature implements AssetSource {
  readonly variables: AssetCollection<VariableResource, VariableSettings>;
  readonly credentials: AssetCollection<CredentialResource, CredentialSettings>;

  constructor(parts: AssetsParts) {
    const { store } = parts;
    this.variables = new AssetCollection(parts, new Variables(store));
    this.credentials = new AssetCollection(parts, new Credentials(store));
  }

  async valueForJob({ kind, name, runAs }: AssetUse & { kind: AssetValue["kind"]; name: string }): Promise<AssetValue> {
    switch (kind) {
      case "variable":
        return variableValue(found(await this.variables.usable(runAs, name), kind, name));
      case "credential":
        return credentialValue(found(await this.credentials.usable(runAs, name), kind, name));
      default:
        throw noSuchAsset(kind, name);
    }
  }

  async setVariableForJob(of: Parameters<AssetSource["setVariableForJob"]>[0]): Promise<{ encrypted: boolean }> {
    for (let tries = 1; ; tries += 1) {
      const { asset } = found(await this.variables.usable(of.runAs, of.name), "variable", of.name);
      if (referenceOf(asset) !== null) {
        throw new UserError("asset-refused", `The variable ${asset.name} is in a vault and cannot be set by a job.`, {
          status: 409,
        });
      }
      const { encrypted } = contentOf(asset);
      try {
        await this.variables.replace(asset, prepared(typedValue(of.value, of.type), encrypted), setBy(of));
        return { encrypted };
      } catch (error) {
        if (!(error instanceof UserError) || error.code !== "revision-mismatch" || tries === mostTries) {
          throw error;
        }
      }
    }
  }
}

function setBy({ jobId, runAs }: AssetUse): string {
  return runAs === null ? `job ${jobId}` : `${runAs.name} (job ${jobId})`;
}

/** @throws UserError `asset-not-found`, also for one that may not be used */
function found(asset: FormerAsset | null, kind: AssetValue["kind"], name: string): FormerAsset {
  if (asset === null) {
    throw noSuchAsset(kind, name);
  }
  return asset;
}

function variableValue(found: FormerAsset): VariableValue {
  const { type, encrypted, value } = contentOf(found.asset);
  const secret = encrypted ? found.secret() : null;
  return {
    kind: "variable",
    type: type ?? "string",
    value: secret === null ? (value ?? null) : JSON.parse(Buffer.from(secret).toString()),
    encrypted,
  };
}

function credentialValue(found: FormerAsset): CredentialValue {
  return {
    kind: "credential",
    userName: userNameOf(found.asset) ?? "",
    password: Buffer.from(found.secret() ?? []).toString(),
  };
}
