import type { Grant } from "../../src/contract/grant.ts";
import type { LogSwitches } from "../../src/contract/host/host-messages.ts";
import type { JournalEntry } from "../../src/contract/journal.ts";
import type { CarriedChild } from "../../src/contract/link/control-frames.ts";
import type { RunbookKind } from "../../src/contract/runbook-kind.ts";
import type { ParameterSchema } from "../../src/contract/signature.ts";

/** One attempt to run, complete with its script. */
export interface JobOrder {
  jobId: string;
  attempt: number;
  runbook: { name: string; kind: RunbookKind };
  /** What the host runs: stripped JavaScript, or PowerShell. */
  script: string;
  parameters: Record<string, unknown>;
  parameterSchemas: Record<string, ParameterSchema>;
  /** Secret texts that earlier attempts of the job were given. */
  secrets: readonly string[];
  /** What earlier attempts have done. */
  journal: readonly JournalEntry[];
  /** The last checkpoint; null where there is none. */
  checkpoint: string | null;
  /** Runbooks that the script names. */
  children: readonly CarriedChild[];
  logs: LogSwitches;
  grants: Grant[];
  /** Milliseconds; null means without limit. */
  timeLimit: number | null;
  /** Milliseconds between asking the script to end and killing it. */
  stopGrace: number;
  /** Jobs of the same key may have the same host, one after another; null for a host of its own. */
  reuseKey: string | null;
  /** Bytes of output after which the rest is cut with a visible notice. */
  outputLimit: number;
}

/** Columns of PowerShell's formatter, wherever a job runs. */
export const outputWidth = 120;
