import { UserError } from "./user-error.ts";

const longestTag = 64;

/**
 * Tags trimmed and without doubles; their case is kept and does not count.
 * @param pointer where they stand in the request, such as `/tags`
 * @throws UserError `invalid-request`
 */
export function checkedTags(tags: readonly string[], pointer: string): string[] {
  const checked = new Map<string, string>();
  for (const [index, given] of tags.entries()) {
    const tag = given.trim();
    if (tag === "" || tag.length > longestTag || /[,\p{Cc}]/u.test(tag)) {
      throw new UserError("invalid-request", `${JSON.stringify(given)} cannot be a tag.`, {
        remedy: `A tag has 1 to ${longestTag} characters, and no comma.`,
        errors: [{ pointer: `${pointer}/${index}`, message: "cannot be a tag" }],
      });
    }
    checked.set(tag.toLowerCase(), checked.get(tag.toLowerCase()) ?? tag);
  }
  return [...checked.values()];
}
