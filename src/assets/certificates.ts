import type { Principal } from "../access/principal.ts";
import type { CertificateResource, CertificateSettings } from "../contract/api/asset.ts";
import { isoTime } from "../contract/api/iso-time.ts";
import type { StoredAsset } from "../store/operations/assets.ts";
import type { Store } from "../store/store.ts";
import type { AssetRules, FormerAsset, PreparedAsset } from "./asset-rules.ts";
import { commonResource } from "./asset-rules.ts";
import type { ReadCertificate } from "./certificate-files.ts";
import { readPem, readPfx, thumbprintOf } from "./certificate-files.ts";
import { invalidAsset } from "./invalid-asset.ts";
import { referenceOf, shownReferences, storedReference } from "./vault-references.ts";

/** What is told of a certificate; the certificate itself is sealed with its key. */
export type CertificateFacts = Pick<
  CertificateResource,
  "thumbprint" | "subject" | "issuer" | "serialNumber" | "notBefore" | "notAfter" | "hasPrivateKey"
>;

/** What is sealed, both in PEM. */
export type CertificateSecret = Pick<ReadCertificate, "certificate" | "privateKey">;

const unknown: CertificateFacts = {
  thumbprint: null,
  subject: null,
  issuer: null,
  serialNumber: null,
  notBefore: null,
  notAfter: null,
  hasPrivateKey: null,
};

/** A certificate, usually with its private key, from PEM or PFX. */
export class Certificates implements AssetRules<CertificateResource, CertificateSettings> {
  readonly kind = "certificate";
  readonly #store: Pick<Store, "read">;

  constructor(store: Pick<Store, "read">) {
    this.#store = store;
  }

  async prepare(
    { pem, pfx, password, vault }: Partial<CertificateSettings>,
    former: FormerAsset | null,
    caller: Principal,
  ): Promise<PreparedAsset> {
    const given = [pem, pfx, vault].filter((way) => way !== undefined).length;
    if (given > 1 || (given === 0 && (former === null || password !== undefined))) {
      throw invalidAsset("/pem", "A certificate comes as one of PEM, PFX and its place in a vault.");
    }
    if (vault !== undefined) {
      const reference = await storedReference(this.#store, vault, caller);
      return { content: { vault: reference }, secret: null, uses: [reference.vaultId], expiresAt: null };
    }
    if (pem === undefined && pfx === undefined && former !== null) {
      const { content, expiresAt } = former.asset;
      const reference = referenceOf(former.asset);
      return { content, uses: reference === null ? [] : [reference.vaultId], expiresAt };
    }
    const read = pem === undefined ? await readPfx(Buffer.from(pfx ?? "", "base64"), password) : readPem(pem, password);
    const { certificate, privateKey } = read;
    return {
      content: { ...factsOf(read) },
      secret: Buffer.from(JSON.stringify({ certificate, privateKey } satisfies CertificateSecret)),
      uses: [],
      expiresAt: read.leaf.validToDate.getTime(),
    };
  }

  async resources(assets: readonly StoredAsset[]): Promise<CertificateResource[]> {
    const references = await shownReferences(this.#store, assets);
    return assets.map((asset) => {
      const vault = references.get(asset.assetId) ?? null;
      return { ...commonResource(asset), ...(vault === null ? storedFacts(asset) : unknown), vault };
    });
  }
}

/** What is told of a certificate that has its value here. */
export function storedFacts({ content }: Pick<StoredAsset, "content">): CertificateFacts {
  return content as unknown as CertificateFacts;
}

/** What is told of a certificate that was read. */
export function factsOf({ leaf, privateKey }: ReadCertificate) {
  return {
    thumbprint: thumbprintOf(leaf),
    subject: leaf.subject.replaceAll("\n", ", "),
    issuer: leaf.issuer.replaceAll("\n", ", "),
    serialNumber: leaf.serialNumber,
    notBefore: isoTime(leaf.validFromDate.getTime()),
    notAfter: isoTime(leaf.validToDate.getTime()),
    hasPrivateKey: privateKey !== null,
  };
}
