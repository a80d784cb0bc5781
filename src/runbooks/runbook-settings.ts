import type { RunbookSettings } from "../contract/api/runbook.ts";
import { UserError } from "../contract/user-error.ts";
import { formatGrants, parseGrants } from "../language/needs.ts";

const longestTag = 64;

/**
 * The settings as they are stored: tags trimmed and without doubles, paths of grants tidied. Their shape was checked
 * by their schema before.
 * @throws UserError `invalid-request` for a tag, `invalid-grant`
 */
export function checkedSettings(settings: Partial<RunbookSettings>): Partial<RunbookSettings> {
  const checked = { ...settings };
  if (settings.tags !== undefined) {
    checked.tags = checkedTags(settings.tags);
  }
  if (settings.grants !== undefined) {
    checked.grants = parseGrants(formatGrants(settings.grants));
  }
  return checked;
}

function checkedTags(tags: readonly string[]): string[] {
  const checked = new Map<string, string>();
  for (const [index, given] of tags.entries()) {
    const tag = given.trim();
    if (tag === "" || tag.length > longestTag || /[,\p{Cc}]/u.test(tag)) {
      throw new UserError("invalid-request", `${JSON.stringify(given)} cannot be a tag.`, {
        remedy: `A tag has 1 to ${longestTag} characters, and no comma.`,
        errors: [{ pointer: `/tags/${index}`, message: "cannot be a tag" }],
      });
    }
    checked.set(tag.toLowerCase(), checked.get(tag.toLowerCase()) ?? tag);
  }
  return [...checked.values()];
}
