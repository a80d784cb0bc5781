import type { Analysis } from "../contract/analysis.ts";
import type { Problem } from "../contract/problem.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";
import type { Store } from "../store/store.ts";

/** Names that are looked up of one script. */
const mostLookedUp = 50;

/**
 * A warning for each runbook that a script calls and that is not published: the script can be published all the same, and the call fails
 * until that one is, too. What a PowerShell script calls may be a program, so there only what is a runbook counts.
 */
export async function unpublishedCalls(
  store: Pick<Store, "read">,
  kind: RunbookKind,
  text: string,
  { calls = [] }: Analysis,
): Promise<Problem[]> {
  if (calls.length === 0) {
    return [];
  }
  const published = await store.read.publishedChildren({ names: calls });
  const known = new Set(published.map(({ name }) => name.toLowerCase()));
  const problems: Problem[] = [];
  for (const name of calls.filter((each) => !known.has(each.toLowerCase())).slice(0, mostLookedUp)) {
    const isThere = (await store.read.runbookToStart({ runbook: name, draft: false })) !== null;
    if (isThere || kind === "TypeScript") {
      const message = isThere
        ? `The runbook "${name}" is not published, or disabled; the call fails until it is published.`
        : `There is no runbook "${name}" yet; the call fails until there is one and it is published.`;
      problems.push({ ...placeOf(text, name), severity: "warning", code: "called-runbook-not-published", message });
    }
  }
  return problems;
}

/** Where a name stands first. */
function placeOf(text: string, name: string): { line: number; column: number } {
  const before = text.slice(0, Math.max(0, text.toLowerCase().indexOf(name.toLowerCase())));
  const lines = before.split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
