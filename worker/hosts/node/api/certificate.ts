/// <reference types="node" preserve="true" />
import { assetValue } from "./asset-values.ts";

/** A certificate with its private key, in the form of `tls.connect` and `https.request`: either `pfx` or `cert` and `key`, or all. */
export interface Certificate {
  /** SHA-1 of the certificate, 40 upper-case hexadecimal digits. */
  readonly thumbprint: string;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** PKCS #12, with the private key. */
  readonly pfx?: Buffer;
  /** Of `pfx`, where it has one. */
  readonly passphrase?: string;
  /** PEM: the certificate, and after it those that it is issued by. */
  readonly cert?: string;
  /** PEM: the private key. Masked wherever the job prints it. */
  readonly key?: string;
}

/**
 * The certificate of this name, with its private key. Rejects with an `AssetError` where there is none that this runbook may use.
 *
 *     const { pfx, passphrase, cert, key } = await certificate("web");
 *     https.request({ host, pfx, passphrase, cert, key });
 */
export async function certificate(name: string): Promise<Certificate> {
  const value = await assetValue("certificate", name);
  return {
    thumbprint: value.thumbprint,
    subject: value.subject,
    notBefore: new Date(value.notBefore),
    notAfter: new Date(value.notAfter),
    ...(value.pfx === undefined ? {} : { pfx: Buffer.from(value.pfx, "base64") }),
    ...(value.pfxPassword === undefined ? {} : { passphrase: value.pfxPassword }),
    ...(value.certificate === undefined ? {} : { cert: value.certificate }),
    ...(value.privateKey === undefined ? {} : { key: value.privateKey }),
  };
}
