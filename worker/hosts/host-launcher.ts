import type { HostKind } from "../../src/contract/runbook-kind.ts";
import type { HostProgram } from "../sandbox/host-program.ts";

/** Makes a program ready to be started: builds or copies what is needed, once per version. */
export interface HostLauncher {
  readonly kind: HostKind;
  /**
   * @param runtimeDirectory A folder that the worker owns and everyone may read; the launcher keeps its files there,
   *   in a subfolder named after what they are made of, so that two versions never meet.
   * @returns the program, or the reason for a person why this machine cannot offer it ("no pwsh on PATH …").
   */
  prepare(runtimeDirectory: string): Promise<HostProgram | { missing: string }>;
}
