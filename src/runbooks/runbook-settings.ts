import type { Placement } from "../contract/api/placement.ts";
import { formatRunTarget, parseRunTarget } from "../contract/api/placement.ts";
import type { RunbookSettings } from "../contract/api/runbook.ts";
import { checkedTags } from "../contract/tag.ts";
import { UserError } from "../contract/user-error.ts";
import { formatGrants, parseGrants } from "../language/needs.ts";

/**
 * The settings as they are stored: tags trimmed and without doubles, paths of grants tidied, groups and workers in their written
 * form. Their shape was checked by their schema before.
 * @throws UserError `invalid-request` for a tag, a group or a worker, `invalid-grant`
 */
export function checkedSettings(settings: Partial<RunbookSettings>): Partial<RunbookSettings> {
  const checked = { ...settings, ...checkedPlacement(settings) };
  if (settings.tags !== undefined) {
    checked.tags = checkedTags(settings.tags, "/tags");
  }
  if (settings.grants !== undefined) {
    checked.grants = parseGrants(formatGrants(settings.grants));
  }
  return checked;
}

function checkedPlacement({ runOn, standBys, requiredTags }: Partial<Placement>): Partial<Placement> {
  return {
    ...(runOn !== undefined && { runOn: checkedTargets(runOn, "/runOn") }),
    ...(standBys !== undefined && { standBys: checkedTargets(standBys, "/standBys") }),
    ...(requiredTags !== undefined && { requiredTags: checkedTags(requiredTags, "/requiredTags") }),
  };
}

/** Groups and workers in their order, each once. */
function checkedTargets(targets: readonly string[], pointer: string): string[] {
  const checked = targets.map((text, index) => {
    const target = parseRunTarget(text);
    if (target === null) {
      throw new UserError("invalid-request", `${JSON.stringify(text)} names neither a worker group nor a worker.`, {
        remedy: "Write group:NAME or worker:NAME.",
        errors: [{ pointer: `${pointer}/${index}`, message: "is not group:NAME or worker:NAME" }],
      });
    }
    return formatRunTarget(target);
  });
  const names = checked.map((text) => text.toLowerCase());
  return checked.filter((_, index) => names.indexOf(names[index] ?? "") === index);
}
