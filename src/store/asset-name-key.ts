/** A name as it counts: the same for names that differ in case, or in how their characters are composed, only. */
export function assetNameKey(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
