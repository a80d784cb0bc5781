import type {
  CertificateResource,
  CertificateSettings,
  ConnectionResource,
  ConnectionSettings,
  ConnectionTypeResource,
  ConnectionTypeSettings,
  CredentialResource,
  CredentialSettings,
  VariableResource,
  VariableSettings,
  VaultResource,
  VaultSettings,
} from "../contract/api/asset.ts";
import type { AssetValue } from "../contract/assets.ts";
import { UserError } from "../contract/user-error.ts";
import type { AssetSource, AssetUse } from "../jobs/asset-source.ts";
import type { Actor } from "../store/actor.ts";
import { actAs } from "../store/actor.ts";
import { noSuchAsset } from "../store/asset-refusals.ts";
import type { CollectionParts } from "./asset-collection.ts";
import { AssetCollection } from "./asset-collection.ts";
import type { FormerAsset } from "./asset-rules.ts";
import { Certificates } from "./certificates.ts";
import { ConnectionTypes } from "./connection-types.ts";
import { Connections } from "./connections.ts";
import { Credentials } from "./credentials.ts";
import { JobValues } from "./job-values.ts";
import { contentOf, prepared, typedValue, Variables } from "./variables.ts";
import { VaultReader } from "./vault-reader.ts";
import { referenceOf } from "./vault-references.ts";
import { Vaults } from "./vaults.ts";

/*
 * Assets: what runbooks need beside their parameters.
 *
 *   asset-collection   what is done to the assets of any kind: lists, changes, rights, sealing
 *   variables, …       what is special to a kind
 *   job-values         values in the clear, for jobs
 *   naming-runbooks    which published runbooks name an asset
 *   vault-references   values that are elsewhere; vault-reader and vaults/ read them there
 */

export interface AssetsParts extends CollectionParts {
  /** The operator's folder with the commands and files that vaults may name; null where there is none. */
  vaultFolder: string | null;
}

/** A variable that a job sets while others set it too is tried this often. */
const mostTries = 10;

/** All assets, and their values for jobs. */
export class AssetsFeature implements AssetSource {
  readonly variables: AssetCollection<VariableResource, VariableSettings>;
  readonly credentials: AssetCollection<CredentialResource, CredentialSettings>;
  readonly connectionTypes: AssetCollection<ConnectionTypeResource, ConnectionTypeSettings>;
  readonly connections: AssetCollection<ConnectionResource, ConnectionSettings>;
  readonly certificates: AssetCollection<CertificateResource, CertificateSettings>;
  readonly vaults: AssetCollection<VaultResource, VaultSettings>;
  readonly #values: JobValues;

  constructor(parts: AssetsParts) {
    const { store, sealer, vaultFolder } = parts;
    this.variables = new AssetCollection(parts, new Variables(store));
    this.credentials = new AssetCollection(parts, new Credentials(store));
    this.connectionTypes = new AssetCollection(parts, new ConnectionTypes());
    this.connections = new AssetCollection(parts, new Connections(store));
    this.certificates = new AssetCollection(parts, new Certificates(store));
    this.vaults = new AssetCollection(parts, new Vaults());
    this.#values = new JobValues(store, new VaultReader({ store, sealer, folder: vaultFolder }));
  }

  async valueForJob({ kind, name, runAs }: Parameters<AssetSource["valueForJob"]>[0]): Promise<AssetValue> {
    const collections = {
      variable: this.variables,
      credential: this.credentials,
      connection: this.connections,
      certificate: this.certificates,
    };
    return this.#values.of(kind, found(await collections[kind].usable(runAs, name), kind, name));
  }

  async setVariableForJob(of: Parameters<AssetSource["setVariableForJob"]>[0]): Promise<{ encrypted: boolean }> {
    for (let tries = 1; ; tries += 1) {
      const { asset } = found(await this.variables.usable(of.runAs, of.name), "variable", of.name);
      if (referenceOf(asset) !== null) {
        throw new UserError("asset-refused", `The variable ${asset.name} is in a vault and cannot be set by a job.`, {
          status: 409,
        });
      }
      if (of.runAs !== null && !this.variables.mayEdit(of.runAs, asset)) {
        throw new UserError(
          "asset-refused",
          `Jobs of ${of.runAs.name} may use the variable ${asset.name}, and not set it.`,
          { status: 403, remedy: "Give whom the runbook's jobs act as the role author on the variable." },
        );
      }
      const { encrypted } = contentOf(asset);
      try {
        const value = prepared(typedValue(of.value, of.type), encrypted);
        await actAs(actorOfJob(of), () => this.variables.replace(asset, value, setBy(of)));
        return { encrypted };
      } catch (error) {
        if (!(error instanceof UserError) || error.code !== "revision-mismatch" || tries === mostTries) {
          throw error;
        }
      }
    }
  }
}

/** Who sets a variable in a job, as the audit tells it. */
function actorOfJob({ jobId, runAs }: AssetUse): Actor {
  const job = `job ${jobId}`;
  return {
    principalId: runAs?.principalId ?? null,
    name: runAs?.name ?? job,
    kind: runAs?.kind ?? "service",
    signedInBy: job,
    address: null,
    requestId: null,
  };
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
