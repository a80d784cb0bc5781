const token = /rs_[A-Za-z0-9_-]{43}/g;
const bearer = /(bearer\s+)\S+/gi;
const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi;
const secretFieldNames = new Set(["authorization", "token", "password", "secret", "cookie"]);
const deepest = 8;

/** Shorter ones would mask ordinary text. */
const shortestHidden = 4;
const hiddenTexts = new Set<string>();

/** Masks this text wherever it would be logged, from now on. */
export function hideFromLog(secret: string): void {
  if (secret.length >= shortestHidden) {
    hiddenTexts.add(secret);
  }
}

/**
 * A copy of a value in which whatever looks like a token, passwords in URLs, what `hideFromLog` was told, and every member with a name such as `authorization`,
 * is masked. Errors become their name, message and stack. Symbol members (winston's own) are kept.
 */
export function maskTokens(value: unknown, depth = 0): unknown {
  if (typeof value === "string") {
    return maskText(value);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (depth > deepest) {
    return "…";
  }
  if (value instanceof Error) {
    return {
      name: value.name,
      message: maskText(value.message),
      stack: value.stack === undefined ? undefined : maskText(value.stack),
      ...(value.cause === undefined ? {} : { cause: maskTokens(value.cause, depth + 1) }),
    };
  }
  if (Array.isArray(value)) {
    return value.map((item) => maskTokens(item, depth + 1));
  }
  const copy: Record<string | symbol, unknown> = {};
  for (const key of Reflect.ownKeys(value)) {
    const member = (value as Record<string | symbol, unknown>)[key];
    copy[key] =
      typeof key === "string" && secretFieldNames.has(key.toLowerCase()) ? "***" : maskTokens(member, depth + 1);
  }
  return copy;
}

function maskText(text: string): string {
  let masked = text.replace(token, "rs_***").replace(bearer, "$1***").replace(urlPassword, "$1:***@");
  for (const hidden of hiddenTexts) {
    masked = masked.replaceAll(hidden, "***");
  }
  return masked;
}
