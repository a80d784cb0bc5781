import type {
  AssetResource,
  CredentialResource,
  VariableResource,
  VaultReference,
} from "../../src/contract/api/asset.ts";
import type { View } from "../output/print.ts";
import type { AssetNoun } from "./asset-commands.ts";

const details: NonNullable<View<AssetResource>["details"]> = [
  { title: "Id", value: (asset) => asset.assetId },
  { title: "Modified", value: (asset) => `${asset.modifiedAt} by ${asset.modifiedBy}` },
  { title: "Revision", value: (asset) => String(asset.revision) },
];

export const variableNoun: AssetNoun<VariableResource> = {
  command: "variable",
  one: "a variable",
  many: "variables",
  path: "/api/variables",
  view: {
    columns: [
      { title: "Variable", value: (variable) => variable.name },
      { title: "Type", value: (variable) => variable.type ?? "" },
      { title: "Value", value: (variable) => valueText(variable) },
      { title: "Description", value: (variable) => variable.description },
    ],
    details,
    name: (variable) => variable.name,
  },
};

export const credentialNoun: AssetNoun<CredentialResource> = {
  command: "credential",
  one: "a credential",
  many: "credentials",
  path: "/api/credentials",
  view: {
    columns: [
      { title: "Credential", value: (credential) => credential.name },
      { title: "User", value: (credential) => credential.userName ?? "" },
      { title: "Vault", value: ({ vault }) => vaultText(vault) },
      { title: "Description", value: (credential) => credential.description },
    ],
    details,
    name: (credential) => credential.name,
  },
};

function valueText({ value, encrypted, vault }: VariableResource): string {
  return vault !== null ? `(${vaultText(vault)})` : encrypted ? "(encrypted)" : JSON.stringify(value);
}

function vaultText(vault: VaultReference | null): string {
  return vault === null ? "" : `${vault.vault}: ${vault.path}`;
}
