import type { AssetValue } from "../contract/assets.ts";

/** Which leaves of a value are secret: JSON pointers (RFC 6901), each with all that is below it. */
export function secretPointersOf(value: AssetValue): string[] {
  switch (value.kind) {
    case "variable":
      return value.encrypted ? ["/value"] : [];
    case "credential":
      return ["/password"];
    case "connection":
      return value.secretFields
        .filter((name) => Object.hasOwn(value.fields, name))
        .map((name) => `/fields/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    case "certificate":
      return (["pfx", "pfxPassword", "privateKey"] as const)
        .filter((name) => value[name] !== undefined)
        .map((name) => `/${name}`);
  }
}

/** The secret texts of a value, for the masks of later attempts. */
export function secretTextsOf(value: AssetValue): string[] {
  switch (value.kind) {
    case "variable":
      return value.encrypted ? textsOf(value.value) : [];
    case "credential":
      return textsOf(value.password);
    case "connection":
      return textsOf(value.secretFields.map((name) => value.fields[name]));
    case "certificate":
      return textsOf([value.pfx, value.pfxPassword, value.privateKey]);
  }
}

/** Each text and number in a JSON value, once. */
export function textsOf(value: unknown): string[] {
  const texts = new Set<string>();
  // Without recursion: the value may be as deep as its maker likes.
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "string" || typeof next === "number") {
      texts.add(String(next));
    } else if (typeof next === "object" && next !== null) {
      left.push(...Object.values(next));
    }
  }
  return [...texts];
}
