/** A UUID in canonical text (RFC 9562 §4), as a part of a regular expression: lower case, with hyphens. */
export const idPattern = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

const canonical = new RegExp(`^${idPattern}$`);

/** Whether a text is an id in canonical form. */
export function isId(text: string): boolean {
  return canonical.test(text);
}

/** Whether a text is an id once it is in lower case: people may write ids in either. */
export function looksLikeId(text: string): boolean {
  return canonical.test(text.toLowerCase());
}
