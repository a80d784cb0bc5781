import { currentBranch, inBranch, keyOfCall, newBranch } from "./branch.ts";
import { changeBranches } from "./suspension.ts";

type Results<Branches> = {
  [Name in keyof Branches]: Branches[Name] extends () => infer Result ? Awaited<Result> : never;
};

/**
 * Runs branches side by side and gives back what each returned, by its name. Steps are counted in each branch for itself, so a job that goes on
 * finds them again however the branches fall together. When a branch fails the others come to their end first; then the failure of the first
 * one is thrown.
 *
 *     const { eu, us } = await parallel({ eu: () => backUp("eu"), us: () => backUp("us") });
 */
export async function parallel<Branches extends Record<string, () => unknown>>(
  branches: Branches,
): Promise<Results<Branches>> {
  const around = currentBranch();
  if (around.step !== null) throw new Error(`The step "${around.step}" has branches: put steps into branches instead.`);
  const key = keyOfCall(around, "parallel");
  const names = Object.keys(branches);
  if (names.length === 0) return {} as Results<Branches>;
  changeBranches(names.length - 1);
  let left = names.length;
  const settled = await Promise.allSettled(
    names.map(async (name) => {
      try {
        const branch = newBranch(`${key}:${encodeURIComponent(name)}/`, null);
        return await inBranch(branch, async () => branches[name]?.());
      } finally {
        left--;
        if (left > 0) changeBranches(-1);
      }
    }),
  );
  const results: Record<string, unknown> = {};
  for (const [index, outcome] of settled.entries()) {
    if (outcome.status === "rejected") throw outcome.reason;
    results[names[index] ?? ""] = outcome.value;
  }
  return results as Results<Branches>;
}
