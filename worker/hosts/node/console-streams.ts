import type { StreamName } from "../../../src/contract/stream.ts";
import { emitValues } from "./value-records.ts";

const groupWidth = 2;
let indentation = "";

/**
 * Sends each method of the global console to its stream. Those not named here (`table`, `dir`, `count`, `time`, `assert`,
 * `trace`) end in one of these or in `process.stdout`.
 */
export function replaceConsole(): void {
  const to =
    (stream: StreamName) =>
    (...values: unknown[]) =>
      emitValues(stream, values, indentation);
  const group = (...label: unknown[]) => {
    if (label.length > 0) emitValues("Output", label, indentation);
    indentation += " ".repeat(groupWidth);
  };
  Object.assign(console, {
    log: to("Output"),
    info: to("Information"),
    warn: to("Warning"),
    error: to("Error"),
    debug: to("Debug"),
    group,
    groupCollapsed: group,
    groupEnd: () => {
      indentation = indentation.slice(groupWidth);
    },
  });
}

/** Ends the groups that a script left open. */
export function endConsoleGroups(): void {
  indentation = "";
}
