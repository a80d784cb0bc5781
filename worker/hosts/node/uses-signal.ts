import { signal } from "./api/signal.ts";
import { getEventListeners } from "./builtins.ts";

/**
 * Whether a script could notice that it is asked to stop. One that could not is ended at once: waiting for the grace
 * period to pass would only make the person wait who asked.
 */
export function usesSignal(script: string, main: ((...values: never[]) => unknown) | undefined): boolean {
  if (main !== undefined && main.length >= 2) return true;
  return /\b(?:signal|sleep|step)\b/.test(script) || getEventListeners(signal, "abort").length > 0;
}
