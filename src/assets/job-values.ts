import type {
  AssetValue,
  CertificateValue,
  ConnectionValue,
  CredentialValue,
  VariableType,
  VariableValue,
} from "../contract/assets.ts";
import { UserError } from "../contract/user-error.ts";
import type { Store } from "../store/store.ts";
import type { FormerAsset } from "./asset-rules.ts";
import { readPem, readPfx } from "./certificate-files.ts";
import type { CertificateSecret } from "./certificates.ts";
import { factsOf, storedFacts } from "./certificates.ts";
import { fieldsOf } from "./connection-types.ts";
import { connectionContent, secretFieldsOf } from "./connections.ts";
import { userNameOf } from "./credentials.ts";
import { contentOf, typedValue } from "./variables.ts";
import type { FoundInVault, VaultReader } from "./vault-reader.ts";
import { fieldIfThere, fieldOf } from "./vault-reader.ts";
import type { StoredReference } from "./vault-references.ts";
import { referenceOf } from "./vault-references.ts";

/** The values of assets in the clear, as jobs get them: from here, or from the vaults that they name. */
export class JobValues {
  readonly #store: Pick<Store, "read">;
  readonly #vaults: VaultReader;

  constructor(store: Pick<Store, "read">, vaults: VaultReader) {
    this.#store = store;
    this.#vaults = vaults;
  }

  /** @throws UserError `asset-unavailable` (503), `sealed-value-altered` */
  of(kind: AssetValue["kind"], found: FormerAsset): Promise<AssetValue> {
    switch (kind) {
      case "variable":
        return this.#variable(found);
      case "credential":
        return this.#credential(found);
      case "connection":
        return this.#connection(found);
      case "certificate":
        return this.#certificate(found);
    }
  }

  async #variable(found: FormerAsset): Promise<VariableValue> {
    const outside = await this.#outside(found);
    if (outside !== null) {
      const { found: content, reference } = outside;
      // Without a field of that name, all of what is there is the value.
      const value = reference.fields["value"] === undefined ? content : fieldOf(content, reference, "value");
      return { kind: "variable", ...typedValue(value), encrypted: true };
    }
    const { type, encrypted, value } = contentOf(found.asset);
    const known: VariableType = type ?? "string";
    return encrypted
      ? { kind: "variable", type: known, value: JSON.parse(secretText(found)), encrypted }
      : { kind: "variable", type: known, value: value ?? null, encrypted };
  }

  async #credential(found: FormerAsset): Promise<CredentialValue> {
    const outside = await this.#outside(found);
    const userName = userNameOf(found.asset);
    if (outside === null) {
      return { kind: "credential", userName: userName ?? "", password: secretText(found) };
    }
    const { found: content, reference } = outside;
    const field = (name: string, usual: string) =>
      String(fieldIfThere(content, reference, name) ?? fieldOf(content, { ...reference, fields: {} }, usual));
    return {
      kind: "credential",
      userName: userName ?? field("userName", "username"),
      password: field("password", "password"),
    };
  }

  async #connection(found: FormerAsset): Promise<ConnectionValue> {
    const { typeId, fields, secretFields: stored } = connectionContent(found.asset);
    const type = await this.#store.read.asset({ kind: "connection-type", asset: typeId });
    if (type === null) {
      throw new UserError("asset-unavailable", `The connection type of ${found.asset.name} was removed.`, {
        status: 503,
      });
    }
    const declared = fieldsOf(type);
    const values: ConnectionValue["fields"] = { ...fields, ...secretFieldsOf(found) };
    const outside = await this.#outside(found);
    if (outside !== null) {
      for (const { name, required, type: fieldType } of declared.filter((field) => values[field.name] === undefined)) {
        const read = required ? fieldOf : fieldIfThere;
        const value = read(outside.found, outside.reference, name);
        if (value !== undefined && value !== null) {
          values[name] = asFieldType(value, fieldType);
        }
      }
    }
    const secret = [...stored, ...declared.filter(({ encrypted }) => encrypted).map(({ name }) => name)];
    return {
      kind: "connection",
      connectionType: type.name,
      fields: values,
      secretFields: [...new Set(secret)].filter((name) => values[name] !== undefined),
    };
  }

  async #certificate(found: FormerAsset): Promise<CertificateValue> {
    const outside = await this.#outside(found);
    if (outside === null) {
      const { thumbprint, subject, notBefore, notAfter } = storedFacts(found.asset);
      const { certificate, privateKey } = JSON.parse(secretText(found)) as CertificateSecret;
      return {
        kind: "certificate",
        thumbprint: thumbprint ?? "",
        subject: subject ?? "",
        notBefore: notBefore ?? "",
        notAfter: notAfter ?? "",
        certificate,
        ...(privateKey !== null && { privateKey }),
      };
    }
    const { found: content, reference } = outside;
    const field = (name: string) => {
      const value = typeof content === "string" ? undefined : fieldIfThere(content, reference, name);
      return value === undefined || value === null ? undefined : String(value);
    };
    const pfx = field("pfx");
    const password = field("password");
    const pem = typeof content === "string" ? content : `${field("certificate") ?? ""}\n${field("privateKey") ?? ""}`;
    const read = await (pfx === undefined ? readPem(pem, password) : readPfx(Buffer.from(pfx, "base64"), password));
    const { thumbprint, subject, notBefore, notAfter } = factsOf(read);
    return {
      kind: "certificate",
      ...{ thumbprint, subject, notBefore, notAfter },
      certificate: read.certificate,
      ...(read.privateKey !== null && { privateKey: read.privateKey }),
    };
  }

  /** What is in the vault that an asset names; null when it has its value itself. */
  async #outside({ asset }: FormerAsset): Promise<{ found: FoundInVault; reference: StoredReference } | null> {
    const reference = referenceOf(asset);
    return reference === null ? null : { found: await this.#vaults.read(reference), reference };
  }
}

function secretText(found: FormerAsset): string {
  return Buffer.from(found.secret() ?? []).toString();
}

/** Vaults often know texts only. */
function asFieldType(value: unknown, type: "string" | "number" | "boolean"): string | number | boolean {
  switch (type) {
    case "number":
      return Number(value);
    case "boolean":
      return value === true || /^(true|yes|1)$/i.test(String(value));
    case "string":
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}
