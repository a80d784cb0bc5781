import type {
  AssetResource,
  CertificateResource,
  ConnectionResource,
  ConnectionTypeResource,
  CredentialResource,
  VariableResource,
  VaultReference,
  VaultResource,
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

export const connectionTypeNoun: AssetNoun<ConnectionTypeResource> = {
  command: "connection-type",
  one: "a connection type",
  many: "connection types",
  path: "/api/connection-types",
  view: {
    columns: [
      { title: "Connection type", value: (type) => type.name },
      {
        title: "Fields",
        value: ({ fields }) =>
          fields
            .map(({ name, type, required, encrypted }) =>
              [name, type, ...(required ? ["required"] : []), ...(encrypted ? ["encrypted"] : [])].join(":"),
            )
            .join(" "),
      },
      { title: "Description", value: (type) => type.description },
    ],
    details,
    name: (type) => type.name,
  },
};

export const connectionNoun: AssetNoun<ConnectionResource> = {
  command: "connection",
  one: "a connection",
  many: "connections",
  path: "/api/connections",
  view: {
    columns: [
      { title: "Connection", value: (connection) => connection.name },
      { title: "Type", value: (connection) => connection.connectionType },
      {
        title: "Fields",
        value: ({ fields, secretFields }) =>
          [
            ...Object.entries(fields).map(([name, value]) => `${name}=${value}`),
            ...secretFields.map((name) => `${name}=(secret)`),
          ].join(" "),
      },
      { title: "Vault", value: ({ vault }) => vaultText(vault) },
      { title: "Description", value: (connection) => connection.description },
    ],
    details,
    name: (connection) => connection.name,
  },
};

export const certificateNoun: AssetNoun<CertificateResource> = {
  command: "certificate",
  one: "a certificate",
  many: "certificates",
  path: "/api/certificates",
  view: {
    columns: [
      { title: "Certificate", value: (certificate) => certificate.name },
      { title: "Subject", value: (certificate) => certificate.subject ?? vaultText(certificate.vault) },
      { title: "Expires", value: (certificate) => certificate.notAfter ?? "" },
      { title: "Thumbprint", value: (certificate) => certificate.thumbprint ?? "" },
      { title: "Key", value: ({ hasPrivateKey }) => (hasPrivateKey === null ? "" : hasPrivateKey ? "yes" : "no") },
    ],
    details: [
      { title: "Issuer", value: (certificate) => certificate.issuer ?? "" },
      { title: "Serial number", value: (certificate) => certificate.serialNumber ?? "" },
      { title: "Valid from", value: (certificate) => certificate.notBefore ?? "" },
      { title: "Description", value: (certificate) => certificate.description },
      ...details,
    ],
    name: (certificate) => certificate.name,
  },
};

export const vaultNoun: AssetNoun<VaultResource> = {
  command: "vault",
  one: "a vault",
  many: "vaults",
  path: "/api/vaults",
  view: {
    columns: [
      { title: "Vault", value: (vault) => vault.name },
      { title: "Provider", value: (vault) => vault.provider },
      {
        title: "Place",
        value: ({ address, mount, command }) => (address === null ? (command ?? "") : `${address} ${mount}`),
      },
      { title: "Description", value: (vault) => vault.description },
    ],
    details: [
      { title: "Namespace", value: (vault) => vault.namespace ?? "" },
      { title: "Role id", value: (vault) => vault.roleId ?? "" },
      ...details,
    ],
    name: (vault) => vault.name,
  },
};

function valueText({ value, encrypted, vault }: VariableResource): string {
  return vault !== null ? `(${vaultText(vault)})` : encrypted ? "(encrypted)" : JSON.stringify(value);
}

function vaultText(vault: VaultReference | null): string {
  return vault === null ? "" : `${vault.vault}: ${vault.path}`;
}
