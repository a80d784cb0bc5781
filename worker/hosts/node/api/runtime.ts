import type { AssetError, AssetRequest, AssetValue } from "../../../../src/contract/assets.ts";
import type { ChildRunbook } from "../../../../src/contract/child-runbook.ts";
import type { HostRunbookAnswer, HostRunbookRequest } from "../../../../src/contract/host/host-messages.ts";
import type { JournalEntry } from "../../../../src/contract/journal.ts";
import type { EmittedRecord, StreamName } from "../../../../src/contract/stream.ts";

/** A record of the Progress stream. */
export interface ProgressRecord {
  text: string;
  value: { activityId: number; completed: boolean; [detail: string]: unknown };
}

/** What the runbook API stands on: the host's channel inside a job, the console outside of one (as in an author's own tests). */
export interface Runtime {
  emit(stream: StreamName, values: readonly unknown[]): void;
  emitProgress(record: ProgressRecord): void;
  /** The value that was asked for, nothing for a variable that was set, or an error. */
  askAssets(request: AssetRequest): Promise<{ value?: AssetValue; error?: AssetError }>;
  askRunbooks(request: HostRunbookRequest): Promise<HostRunbookAnswer>;
  /** Runs a runbook within this process, and gives what it returns. */
  runChild(child: ChildRunbook, parameters: Record<string, unknown>): Promise<unknown>;
  /** Writes what another job wrote. */
  passOn(record: Pick<EmittedRecord, "stream" | "text" | "value" | "cut" | "continued">): void;
  /** A step is under way. */
  beginStep(entry: JournalEntry): void;
  /** Resolves when the entry is stored. */
  keep(entry: JournalEntry): Promise<void>;
  /** Ends the process: the job goes on in another one. */
  suspend(): void;
  /** Ends the job, whatever the script would make of the error. */
  fail(error: Error): void;
}

const outsideOfJob: Runtime = {
  emit: (_stream, values) => console.error(...values),
  emitProgress: ({ text }) => console.error(text),
  askAssets: async () => ({
    error: {
      code: "asset-unavailable",
      message: "Only a job has assets: try the runbook with `npx runsmith run FILE --assets assets.json`.",
    },
  }),
  askRunbooks: async () => ({
    error: { code: "runbooks-unavailable", message: "Only a job can call other runbooks." },
  }),
  runChild: async () => {
    throw new Error("Only a job can call other runbooks.");
  },
  passOn: ({ text }) => console.error(text),
  beginStep: () => {},
  keep: async () => {},
  suspend: () => {
    throw new Error("Only a job can be suspended.");
  },
  fail: (error) => {
    throw error;
  },
};

let current: Runtime = outsideOfJob;

/** The runtime in force. */
export function runtime(): Runtime {
  return current;
}

/** Called once by the host. */
export function installRuntime(installed: Runtime): void {
  current = installed;
}
