/** The kinds of asset whose value a running job may have, by name. */
export const assetValueKinds = ["variable", "credential", "connection", "certificate"] as const;

export type AssetValueKind = (typeof assetValueKinds)[number];

/** What a variable holds. A `date-time` is its ISO 8601 text in UTC; an `object` is any JSON object or array. */
export const variableTypes = ["string", "number", "boolean", "date-time", "object", "null"] as const;

export type VariableType = (typeof variableTypes)[number];

/** How long an asset's name may be, in characters. */
export const longestAssetName: Readonly<Record<AssetValueKind | "connection-type", number>> = {
  variable: 512,
  credential: 128,
  connection: 512,
  "connection-type": 512,
  certificate: 128,
};

/** An asset's name: printable, without blanks at its ends. Case is kept and does not count. Used with the `u` flag. */
export const assetNamePattern = "^[^\\s\\p{C}](?:[^\\p{C}]*[^\\s\\p{C}])?$";

/** JSON Schema of the name of an asset of any kind. */
export const assetNameSchema = { type: "string", minLength: 1, maxLength: 512, pattern: assetNamePattern } as const;

/** Characters of JSON that a job may give a variable: what goes over the link with heartbeats has to be short. */
export const longestVariableJson = 1024 * 1024;

export interface VariableValue {
  kind: "variable";
  type: VariableType;
  /** JSON, as `type` says. Secret wholly if `encrypted`. */
  value: unknown;
  encrypted: boolean;
}

/** The password is secret, the user name is not. */
export interface CredentialValue {
  kind: "credential";
  userName: string;
  password: string;
}

export interface ConnectionValue {
  kind: "connection";
  /** The name of its connection type. */
  connectionType: string;
  /** Every field of the type that has a value. */
  fields: Record<string, string | number | boolean | null>;
  /** Names of the fields that are secret. */
  secretFields: string[];
}

/** A certificate with its private key, in at least one of the two forms. `pfx`, `pfxPassword` and `privateKey` are secret. */
export interface CertificateValue {
  kind: "certificate";
  /** SHA-1 of the certificate, 40 upper-case hexadecimal digits, as Windows shows it. */
  thumbprint: string;
  subject: string;
  /** ISO 8601, UTC. */
  notBefore: string;
  notAfter: string;
  /** PKCS #12, base64; with the password that opens it, where it has one. */
  pfx?: string;
  pfxPassword?: string;
  /** The certificate, and after it those that it is issued by, as PEM. */
  certificate?: string;
  /** PKCS #8 or the like, not encrypted, as PEM. */
  privateKey?: string;
}

/** What a job gets that asked for an asset. */
export type AssetValue = VariableValue | CredentialValue | ConnectionValue | CertificateValue;

/** Why a job does not get an asset. */
export const assetErrorCodes = ["asset-not-found", "asset-unavailable", "asset-refused"] as const;

/**
 * `asset-not-found` also where the job may not use it, so that nobody learns names by asking; `asset-unavailable`: it cannot be had now,
 * such as when a vault does not answer; `asset-refused`: the rest.
 */
export type AssetErrorCode = (typeof assetErrorCodes)[number];

/** What a script asks of the assets, by the name of one. */
export type AssetRequest =
  | { action: "get"; kind: AssetValueKind; name: string }
  /** Gives a variable that exists a new value; whether it is encrypted stays as it is. */
  | { action: "set-variable"; name: string; type: VariableType; value: unknown };

export interface AssetError {
  code: AssetErrorCode;
  /** For the script's author: what happened and what to do. */
  message: string;
}

/** What becomes of a request. */
export type AssetAnswer =
  /** JSON pointers (RFC 6901) into `value`; all that is below them is masked in what the job says. */
  | { value: AssetValue; secrets: string[] }
  /** The variable is set; whether what it holds is secret. */
  | { encrypted: boolean }
  | { error: AssetError };
