import forge from "node-forge";

/** What is in a PFX, each as DER. */
export interface PfxContent {
  certificates: Uint8Array[];
  /** PKCS #8, or PKCS #1 of RSA. */
  keys: Uint8Array[];
}

/** Opens a PFX (PKCS #12). @throws an error of the library when it is none, or the password is not its */
export function openPfx(bytes: Uint8Array, password: string): PfxContent {
  const { asn1, pki, pkcs12 } = forge;
  const pfx = pkcs12.pkcs12FromAsn1(asn1.fromDer(Buffer.from(bytes).toString("binary")), password);
  const bagsOf = (...types: (string | undefined)[]) =>
    types.flatMap((bagType) => (bagType === undefined ? [] : (pfx.getBags({ bagType })[bagType] ?? [])));
  const der = (structure: forge.asn1.Asn1) => Buffer.from(asn1.toDer(structure).getBytes(), "binary");
  return {
    // Of what is not RSA the library makes nothing, and leaves it as it is.
    certificates: bagsOf(pki.oids["certBag"]).flatMap(({ cert, asn1: raw }) =>
      cert ? [der(pki.certificateToAsn1(cert))] : raw ? [der(raw)] : [],
    ),
    keys: bagsOf(pki.oids["keyBag"], pki.oids["pkcs8ShroudedKeyBag"]).flatMap(({ key, asn1: raw }) =>
      key ? [der(pki.privateKeyToAsn1(key))] : raw ? [der(raw)] : [],
    ),
  };
}
