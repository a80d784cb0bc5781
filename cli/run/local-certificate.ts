import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { CertificateValue } from "../../src/contract/assets.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { LocalAsset } from "./local-assets.ts";

export interface CertificateFiles {
  /** PKCS #12. */
  pfx: string | undefined;
  /** Of `pfx`. */
  password: string | undefined;
  /** PEM. */
  certificate: string | undefined;
  privateKey: string | undefined;
}

/** A certificate from a PKCS #12 file, or from two PEM files. Throws `UserError` (`invalid-certificate`). */
export function localCertificate(
  name: string,
  { pfx, password, certificate, privateKey }: CertificateFiles,
): LocalAsset {
  try {
    if (pfx !== undefined) {
      const bytes = readFileSync(pfx);
      const given = password === undefined ? {} : { pfxPassword: password };
      return asset(name, certificateIn(bytes, password), { pfx: bytes.toString("base64"), ...given });
    }
    if (certificate !== undefined && privateKey !== undefined) {
      const pem = readFileSync(certificate, "utf8");
      return asset(name, new X509Certificate(pem), { certificate: pem, privateKey: readFileSync(privateKey, "utf8") });
    }
  } catch (error) {
    throw invalid(name, (error as Error).message);
  }
  throw invalid(name, 'it needs a "pfx", or a "certificate" and a "privateKey", each the path of a file');
}

function asset(
  name: string,
  { fingerprint, subject, validFromDate, validToDate }: X509Certificate,
  forms: Pick<CertificateValue, "pfx" | "pfxPassword" | "certificate" | "privateKey">,
): LocalAsset {
  return {
    name,
    value: {
      kind: "certificate",
      thumbprint: fingerprint.replaceAll(":", ""),
      subject: subject.replaceAll("\n", ", "),
      notBefore: validFromDate.toISOString(),
      notAfter: validToDate.toISOString(),
      ...forms,
    },
    secrets: ["/pfx", "/pfxPassword", "/privateKey"],
  };
}

/** The certificate that goes with the key. Node opens such files for TLS only; what it found in one is not told by its documentation. */
function certificateIn(pfx: Buffer, passphrase: string | undefined): X509Certificate {
  const { context } = createSecureContext(passphrase === undefined ? { pfx } : { pfx, passphrase }) as {
    context: { getCertificate?(): Buffer | null };
  };
  const found = context.getCertificate?.() ?? null;
  if (found === null) throw new Error("no certificate was found in it; give it as PEM files");
  return new X509Certificate(found);
}

function invalid(name: string, reason: string): UserError {
  return new UserError("invalid-certificate", `The certificate "${name}" cannot be used: ${reason}.`);
}
