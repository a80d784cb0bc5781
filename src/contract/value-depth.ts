/**
 * Levels of nesting that a structured value, a result or an exception may have on its way through worker, service and store.
 * Hosts cut at `structuredValueDepth` already; this is what anybody else holds them to, far below what exhausts a stack.
 */
export const deepestValue = 64;

/** Whether a JSON value is nested deeper than `deepestValue`. Itself never goes deeper than that. */
export function isTooDeep(value: unknown, levels = deepestValue): boolean {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  return levels === 0 || Object.values(value).some((member) => isTooDeep(member, levels - 1));
}
