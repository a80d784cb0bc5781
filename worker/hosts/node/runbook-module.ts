import { isBuiltin, registerHooks } from "./builtins.ts";
import { runbookScheme, runbookUrl } from "./runbook-stack.ts";

const sources = new Map<string, string>();
let onImport: ((url: string) => void) | null = null;

/**
 * Teaches Node's module loader what a runbook may import: `runsmith`, which is the host's own bundle and long loaded,
 * and Node's built-in modules.
 */
export function registerRunbookModules(apiUrl: string): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === "runsmith") return { url: apiUrl, shortCircuit: true };
      // Its own URL, not that of another run.
      if (sources.has(specifier) || (specifier === context.parentURL && isRunbook(specifier)))
        return { url: specifier, format: "module", shortCircuit: true };
      onImport?.(specifier);
      if (specifier.startsWith("data:") || isBuiltin(specifier) || !isRunbook(context.parentURL)) {
        return nextResolve(specifier, context);
      }
      throw new Error(
        `Cannot import "${specifier}": a runbook imports "runsmith" and Node's own modules ("node:fs", "node:path", …) only.`,
      );
    },
    load(url, context, nextLoad) {
      const source = sources.get(url);
      if (source === undefined) return nextLoad(url, context);
      sources.delete(url);
      return { format: "module", source, shortCircuit: true };
    },
  });
}

/** Has a listener told of each module that is asked for beside `runsmith`, before it is given out. */
export function watchImports(listener: (specifier: string) => void): void {
  onImport = listener;
}

/** Loads a runbook's module from memory and evaluates it, top-level await included. */
export function importRunbook(name: string, script: string, run = 0): Promise<Record<string, unknown>> {
  const url = runbookUrl(name, run);
  sources.set(url, script);
  return import(url) as Promise<Record<string, unknown>>;
}

function isRunbook(parentUrl: string | undefined): boolean {
  return parentUrl?.startsWith(runbookScheme) ?? false;
}
