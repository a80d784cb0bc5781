import type { Analysis } from "../contract/analysis.ts";
import type { Problem } from "../contract/problem.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";
import type { StoredRunbook, StoredRunbookVersion } from "../store/operations/runbooks.ts";
import type { Store } from "../store/store.ts";

const code = "called-runbook-not-published";

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
      const message = `There is no runbook "${name}" that is published and enabled; until there is, the call fails.`;
      problems.push({ ...placeOf(text, name), severity: "warning", code, message, called: name });
    }
  }
  return problems;
}

/** The runbook without warnings that have come to nothing, since what it calls was published after its analysis. */
export async function withoutPublishedCalls(
  store: Pick<Store, "read">,
  runbook: StoredRunbook,
): Promise<StoredRunbook> {
  const { draft, published } = runbook;
  const problems = [...(draft?.problems ?? []), ...(published?.problems ?? [])];
  const names = problems.flatMap((problem) => (problem.code === code ? (problem.called ?? []) : []));
  if (names.length === 0) {
    return runbook;
  }
  const found = await store.read.publishedChildren({ names });
  const known = new Set(found.map(({ name }) => name.toLowerCase()));
  const mended = (version: StoredRunbookVersion): StoredRunbookVersion => ({
    ...version,
    problems: version.problems.filter(({ called }) => called === undefined || !known.has(called.toLowerCase())),
  });
  return { ...runbook, draft: draft && mended(draft), published: published && mended(published) };
}

/** Where a name stands first. */
function placeOf(text: string, name: string): { line: number; column: number } {
  const before = text.slice(0, Math.max(0, text.toLowerCase().indexOf(name.toLowerCase())));
  const lines = before.split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
